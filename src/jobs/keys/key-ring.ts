import type { Ports } from '../../core/ports/all.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { KeyRing } from '../../hart/keys.ts';
import { eachOf } from '../each-of.ts';

const READS_AT_ONCE = 16;

/** The public signing keys of the vault. */
export async function readKeyRing({ vault }: Pick<Ports, 'vault'>): Promise<KeyRing> {
  const ring = new KeyRing();
  const entries = await vault.list(vaultKeys.publicKeys);
  const bodies = await eachOf(entries, READS_AT_ONCE, ({ key }) => vault.get(key));
  for (const [index, { key }] of entries.entries()) {
    const body = bodies[index]?.body;
    if (body !== undefined) ring.add(key.slice(vaultKeys.publicKeys.length), body);
  }
  return ring;
}
