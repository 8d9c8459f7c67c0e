import type { Vault } from '../../core/ports/vault.ts';
import { provableSince } from '../../core/recovery/fence-proof.ts';
import type { ProductionRun } from '../../core/recovery/run.ts';
import {
  raisedFor,
  rememberedFence,
  rememberedGroups,
  remembering,
  type SeenGroups,
  type SiteFence,
  siteFenceSchema,
} from '../../core/recovery/site-fence.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { hasCode } from '../../errors.ts';
import type { Pass } from '../pass.ts';
import { readDocument, updateDocument } from '../vault/documents.ts';
import { forget } from '../vault/read-once.ts';
import { updateRun } from '../vault/runs.ts';

export const readSiteFence = async (vault: Pick<Vault, 'get'>): Promise<SiteFence | undefined> =>
  (await readDocument(vault, vaultKeys.fence, siteFenceSchema))?.value;

export async function updateSiteFence(
  { ports: { vault } }: Pass,
  change: (now: SiteFence | undefined) => SiteFence | undefined,
): Promise<SiteFence | undefined> {
  return (await updateDocument(vault, vaultKeys.fence, siteFenceSchema, change)).after;
}

/** Where the document cannot be read it is named, once in a pass, and what runs remember has to do. */
async function readable<T>(pass: Pass, work: () => Promise<T>): Promise<T | 'unreadable'> {
  try {
    return await work();
  } catch (error) {
    if (!hasCode(error, 'VAULT_UNREADABLE')) throw error;
    if (!pass.errors.some(({ id }) => id === vaultKeys.fence)) pass.errors.push({ id: vaultKeys.fence, error });
    return 'unreadable';
  }
}

/** The site's fence as it is now; what runs of the version before remember is taken into it. */
export async function siteFence(pass: Pass): Promise<SiteFence | undefined> {
  forget(pass.ports.vault, vaultKeys.fence);
  const found = await readable(pass, () => readSiteFence(pass.ports.vault));
  if (typeof found === 'object') return found;
  const remembered = rememberedFence(pass.runs, pass.ports.clock());
  return remembered && found !== 'unreadable' ? updateSiteFence(pass, (now) => now ?? remembered) : remembered;
}

/**
 * Notes that the fence is raised for this run, before anything is closed, with what was there before: of the instance as it
 * is, of the fence that stands, or of runs of the version before. Once in a pass. While nobody can read that document the
 * run remembers it: a failover does not wait for it.
 */
export async function noteRaising(pass: Pass, run: ProductionRun, closing: boolean, seen?: SeenGroups): Promise<void> {
  // Noted for the bucket alone, it lacks the groups.
  const isNoted = pass.raised.get(run.id);
  if (isNoted === 'with groups' || (isNoted && !seen)) return;
  const at = pass.ports.clock();
  const noted = await readable(pass, () =>
    updateSiteFence(pass, (now) => {
      const remembered = now?.groups || !seen?.fenced ? undefined : rememberedGroups(pass.runs);
      return raisedFor(now, run.id, at, remembered ?? seen, closing);
    }),
  );
  if (noted === 'unreadable') await updateRun(pass.ports, run, (now) => remembering(now, seen));
  pass.raised.set(run.id, seen ? 'with groups' : 'alone');
}

/** Notes that the bucket could be written, before its policy is put. */
export async function noteWritten(pass: Pass, run: ProductionRun, at: Date): Promise<void> {
  const writtenAt = at.toISOString();
  const noted = await readable(pass, () => updateSiteFence(pass, (now) => now && { ...now, writtenAt }));
  if (noted !== 'unreadable') return;
  await updateRun(pass.ports, run, (now) => ({
    ...now,
    fence: { ...now.fence, bucket: provableSince(now.fence.bucket, writtenAt) },
  }));
}

/** When the bucket could be written before the fence that stands. */
export async function writtenBefore(pass: Pass): Promise<string | undefined> {
  const found = await readable(pass, () => readSiteFence(pass.ports.vault));
  return typeof found === 'object' ? found.writtenAt : undefined;
}
