import type { z } from 'zod';
import { type Uncopyable, uncopyableSchema } from '../../core/artifacts/documents.ts';
import { quarantined, type Refusal } from '../../core/artifacts/quarantine.ts';
import type { Ports } from '../../core/ports/all.ts';
import type { Vault } from '../../core/ports/vault.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { readDocument } from '../vault/documents.ts';
import { updateOrMakeAnew } from '../vault/set-aside.ts';

type Quarantine = z.infer<typeof uncopyableSchema>;

/** The artifacts that cannot be copied as they are, by key. */
export async function readUncopyable(vault: Pick<Vault, 'get'>): Promise<Map<string, Uncopyable>> {
  const found = await readDocument(vault, vaultKeys.uncopyable, uncopyableSchema);
  return new Map((found?.value.entries ?? []).map((each) => [each.key, each]));
}

/** Keeps what was refused, and forgets what was settled; writes only what changes. */
export async function noteUncopyable(
  ports: Pick<Ports, 'clock' | 'log' | 'vault'>,
  refused: Refusal[],
  settled: string[],
): Promise<void> {
  const change = (current: Quarantine | undefined): Quarantine | undefined => {
    const before = current?.entries ?? [];
    if (refused.length === 0 && !before.some(({ key }) => settled.includes(key))) return current;
    return { schema: 'uncopyable/1', entries: quarantined(before, refused, settled, ports.clock()) };
  };
  // Who is refused again is noted again.
  await updateOrMakeAnew(ports, vaultKeys.uncopyable, uncopyableSchema, change, {
    schema: 'uncopyable/1',
    entries: [],
  });
}
