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

/**
 * The epoch of the other stack's direction, which a failover passes; 0 where there is none. NOT_CONFIRMED where it cannot
 * be read and nobody has accepted that: what is in force there nobody knows then, and two sites could take writes.
 */
export async function epochOfOther(
  ports: Pick<Ports, 'log' | 'reverseVault' | 'site'>,
  { confirm, acceptUnfenced }: { confirm: string | undefined; acceptUnfenced: boolean },
): Promise<number> {
  try {
    return (await readReverseDirection(ports))?.epoch ?? 0;
  } catch (cause) {
    const problem = `the vault of the other direction cannot be read: ${describeError(cause)}`;
    ports.log.warn(problem, { acceptUnfenced });
    if (acceptUnfenced) return 0;
    const words = ['failover', 'start', ...(confirm ? ['--confirm', confirm] : []), '--accept-unfenced'] as const;
    throw new DrError('NOT_CONFIRMED', `${problem}; what is in force there nobody knows`, {
      subject: vaultKeys.direction,
      cause,
      hint: `Make sure by other means that nobody is served at the primary, then say: ${commandLine(words as unknown as CommandArguments, ports.site.configFile)}`,
    });
  }
}
