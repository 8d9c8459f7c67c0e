import { deletionsSchema, type MassDeletion } from '../../core/artifacts/deletions.ts';
import { MASS_DELETION } from '../../core/artifacts/mass-deletion.ts';
import type { Ports } from '../../core/ports/all.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError } from '../../errors.ts';
import { requireDirection } from '../vault/direction.ts';
import { updateDocument } from '../vault/documents.ts';

/** Whether this is the name of a mass deletion, and not of a point. */
export const isMassDeletion = (id: string): boolean => id.startsWith(MASS_DELETION);

/** An operator says that these deletions were meant: their artifacts leave the replica as any others. BAD_USAGE when there are none of that name. */
export async function acceptMassDeletion(
  ports: Pick<Ports, 'clock' | 'log' | 'vault'>,
  id: string,
): Promise<MassDeletion> {
  await requireDirection(ports.vault, 'primary→dr');
  const at = ports.clock().toISOString();
  const { after } = await updateDocument(ports.vault, vaultKeys.deletions, deletionsSchema, (now) => {
    if (!now?.mass.some((each) => each.id === id)) return now;
    const accepted = now.mass.map((each) => (each.id === id && !each.acceptedAt ? { ...each, acceptedAt: at } : each));
    const { blocked: _over, ...rest } = now;
    return { ...rest, mass: accepted };
  });
  const found = after?.mass.find((each) => each.id === id);
  if (!found) {
    throw new DrError('BAD_USAGE', `no mass deletion ${id}`, {
      subject: id,
      hint: '`builder-dr status` names those that wait; one whose artifacts came back waits no more.',
    });
  }
  ports.log.info('a mass deletion was accepted', { id, count: found.count });
  return found;
}
