import { type CommandArguments, commandLine } from '../../core/command-line.ts';
import { waitedMinutes } from '../../core/ids.ts';
import type { Ports } from '../../core/ports/all.ts';
import { type StatusRecord, statusSchema } from '../../core/readiness/documents.ts';
import { type Direction, directionSchema } from '../../core/recovery/direction.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError, describeError } from '../../errors.ts';
import { parseDocument } from '../vault/documents.ts';

/** A status of the other direction's stack older than this says nothing any more. */
const FRESH_MINUTES = 60;

/** What the stack for the other direction says; undefined when none is configured, or it is silent. */
export async function readReverseStatus(
  ports: Pick<Ports, 'clock' | 'reverseVault'>,
): Promise<StatusRecord | undefined> {
  const found = await ports.reverseVault?.get(vaultKeys.status);
  if (!found) return undefined;
  const status = parseDocument(vaultKeys.status, found.body, statusSchema);
  return waitedMinutes(status.at, ports.clock()) <= FRESH_MINUTES ? status : undefined;
}

/** The direction as the stack for the other direction has it; undefined when none is configured, or it has none yet. */
export async function readReverseDirection({
  reverseVault,
}: Pick<Ports, 'reverseVault'>): Promise<Direction | undefined> {
  const found = await reverseVault?.get(vaultKeys.direction);
  return found && parseDocument(vaultKeys.direction, found.body, directionSchema);
}

/** The epoch of the other stack's direction, 0 where there is none; or why nobody knows it, and so not what is in force there. */
export type OtherStack = { epoch: number } | { unknown: string; cause: unknown };

export async function otherStack(ports: Pick<Ports, 'reverseVault'>): Promise<OtherStack> {
  try {
    return { epoch: (await readReverseDirection(ports))?.epoch ?? 0 };
  } catch (cause) {
    return { unknown: `the vault of the other direction cannot be read: ${describeError(cause)}`, cause };
  }
}

/** What comes before a failover that begins while nobody knows what is in force in the other direction. */
export const BEFORE_UNKNOWN = 'Make sure by other means that nobody is served at the primary';

/**
 * What a failover passes. NOT_CONFIRMED where it cannot be read and nobody has accepted that: what is in force there nobody
 * knows then, and two sites could take writes.
 */
export async function otherStackAccepted(
  ports: Pick<Ports, 'log' | 'reverseVault' | 'site'>,
  { confirm, acceptUnfenced }: { confirm: string | undefined; acceptUnfenced: boolean },
): Promise<{ epoch: number; unknown?: string }> {
  const found = await otherStack(ports);
  if ('epoch' in found) return found;
  const { unknown, cause } = found;
  ports.log.warn(unknown, { acceptUnfenced });
  if (acceptUnfenced) return { epoch: 0, unknown };
  const words = ['failover', 'start', ...(confirm ? ['--confirm', confirm] : []), '--accept-unfenced'] as const;
  throw new DrError('NOT_CONFIRMED', `${unknown}; what is in force there nobody knows`, {
    subject: vaultKeys.direction,
    cause,
    hint: `${BEFORE_UNKNOWN}, then say: ${commandLine(words as unknown as CommandArguments, ports.site.configFile)}`,
  });
}
