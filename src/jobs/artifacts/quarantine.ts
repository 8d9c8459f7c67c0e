import { type Uncopyable, uncopyableSchema } from '../../core/artifacts/documents.ts';
import { quarantined, type Refusal } from '../../core/artifacts/quarantine.ts';
import type { Ports } from '../../core/ports/all.ts';
import type { Vault } from '../../core/ports/vault.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { readDocument, updateDocument } from '../vault/documents.ts';

/** The artifacts that cannot be copied as they are, by key. */
export async function readUncopyable(vault: Pick<Vault, 'get'>): Promise<Map<string, Uncopyable>> {
  const found = await readDocument(vault, vaultKeys.uncopyable, uncopyableSchema);
  return new Map((found?.value.entries ?? []).map((each) => [each.key, each]));
}

/** Keeps what was refused, and forgets what was settled; writes only what changes. */
export async function noteUncopyable(
  { vault, clock }: Pick<Ports, 'clock' | 'vault'>,
  refused: Refusal[],
  settled: string[],
): Promise<void> {
  await updateDocument(vault, vaultKeys.uncopyable, uncopyableSchema, (current) => {
    const before = current?.entries ?? [];
    if (refused.length === 0 && !before.some(({ key }) => settled.includes(key))) return current;
    return { schema: 'uncopyable/1' as const, entries: quarantined(before, refused, settled, clock()) };
  });
}
