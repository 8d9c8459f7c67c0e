import { type DisplacedFacts, displacedSchema, type VerificationRecord } from '../../core/artifacts/documents.ts';
import type { Ports } from '../../core/ports/all.ts';
import type { CopySource, ObjectEntry } from '../../core/ports/artifacts.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError } from '../../errors.ts';
import { readAll, updateDocument } from '../vault/documents.ts';
import { copyProgress } from './copy-progress.ts';

type DisplacePorts = Pick<Ports, 'clock' | 'displaced' | 'vault'>;

/** Keys under which the same bytes may have been; more are not remembered by name. */
const KEYS = 50;

/** Whether the bucket keeps a replaced object as a version: one without versions has no id for it, or `null`. */
export function keepsVersions({ versionId }: Pick<VerificationRecord, 'versionId'>): boolean {
  return versionId !== null && versionId !== 'null';
}

/**
 * Keeps bytes under their own hash, before others take their place (I3). `from` names what was read as `record`, and is
 * copied only if it still is that. `until`: when the primary got what displaces them, if that comes from there. Dying after
 * it leaves bytes that are known and still in their place: harmless.
 */
export async function keepBytes(
  ports: DisplacePorts,
  from: CopySource,
  record: VerificationRecord,
  until?: Date,
): Promise<void> {
  const { fileBlake2b: blake2b, size, verdict, signer, key, etag } = record;
  if (blake2b === null) throw new DrError('COPY_INCOMPLETE', `${key} has no hash to be kept under`, { subject: key });
  const as = vaultKeys.displacedBytes(blake2b);
  const source = { ...from, as };
  await ports.displaced.copyFrom(source, copyProgress(ports, source));
  const kept = await ports.displaced.head(as);
  if (kept?.size !== size) {
    throw new DrError('COPY_INCOMPLETE', `${as}: ${size} bytes were to be kept, ${kept?.size ?? 'none'} are`, {
      subject: as,
      hint: `Nothing was replaced. Look at the versions of ${as} in the vault bucket.`,
    });
  }
  const at = ports.clock().toISOString();
  await updateDocument(ports.vault, vaultKeys.displacedFacts(blake2b), displacedSchema, (now): DisplacedFacts => {
    const others = (now?.of ?? []).filter((each) => each.key !== key).slice(0, KEYS - 1);
    const displaced = { key, at, etag, ...(until ? { until: until.toISOString() } : {}) };
    return { schema: 'displaced/1', blake2b, size, verdict, signer, of: [displaced, ...others] };
  });
}

/** What is known of displaced bytes, those whose bytes are there: by the keys that they had. */
export async function readDisplaced(ports: Pick<Ports, 'displaced' | 'vault'>): Promise<Map<string, DisplacedFacts[]>> {
  const there = new Map<string, ObjectEntry>();
  for await (const page of ports.displaced.pages(vaultKeys.displaced))
    for (const each of page) there.set(each.key, each);
  const byKey = new Map<string, DisplacedFacts[]>();
  if (there.size === 0) return byKey;
  const { found } = await readAll(ports.vault, vaultKeys.displaced, displacedSchema);
  for (const facts of found) {
    if (there.get(vaultKeys.displacedBytes(facts.blake2b))?.size !== facts.size) continue;
    for (const { key } of facts.of) byKey.set(key, [...(byKey.get(key) ?? []), facts]);
  }
  return byKey;
}
