import { minutesBetween } from '../../core/ids.ts';
import type { Ports } from '../../core/ports/all.ts';
import { type StatusRecord, statusSchema } from '../../core/readiness/documents.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
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
  return minutesBetween(status.at, ports.clock()) <= FRESH_MINUTES ? status : undefined;
}
