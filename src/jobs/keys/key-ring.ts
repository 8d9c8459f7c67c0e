import type { Ports } from '../../core/ports/all.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { KeyRing } from '../../hart/keys.ts';

/** The public signing keys of the vault. */
export async function keyRing({ vault }: Pick<Ports, 'vault'>): Promise<KeyRing> {
  const ring = new KeyRing();
  for (const { key } of await vault.list(vaultKeys.publicKeys)) {
    const found = await vault.get(key);
    if (found) ring.add(key.slice(vaultKeys.publicKeys.length), found.body);
  }
  return ring;
}
