import { createRequire } from 'node:module';
import hashWasm from 'hash-wasm/dist/blake2b.umd.min.js';
import type { HashEngine } from '../hart/hash.ts';

const BITS = 256;

/** WebAssembly: bundles anywhere, so the functions have it. Answers hashers made in advance, since making one waits. */
export async function wasmEngine(hashers: number): Promise<HashEngine> {
  const made = await Promise.all(Array.from({ length: hashers }, () => hashWasm.createBLAKE2b(BITS)));
  return {
    name: 'hash-wasm',
    create: () => {
      const hasher = made.pop();
      if (!hasher) throw new RangeError(`more than ${hashers} hashers were asked for`);
      hasher.init();
      return {
        update: (bytes) => void hasher.update(bytes),
        digestHex: () => hasher.digest('hex'),
        restart: () => void hasher.init(),
      };
    },
  };
}

type Sodium = {
  crypto_generichash_STATEBYTES: number;
  crypto_generichash_init: (state: Buffer, key: null, length: number) => void;
  crypto_generichash_update: (state: Buffer, input: Uint8Array) => void;
  crypto_generichash_final: (state: Buffer, output: Buffer) => void;
};

/** libsodium, where the optional package is installed; undefined elsewhere. */
export function sodiumEngine(): HashEngine | undefined {
  let sodium: Sodium;
  try {
    sodium = createRequire(import.meta.url)('sodium-native') as Sodium;
  } catch {
    return undefined; // optional: the WebAssembly engine gives the same results
  }
  return {
    name: 'sodium-native',
    create: () => {
      const state = Buffer.alloc(sodium.crypto_generichash_STATEBYTES);
      const restart = () => sodium.crypto_generichash_init(state, null, BITS / 8);
      restart();
      return {
        update: (bytes) => sodium.crypto_generichash_update(state, bytes),
        digestHex: () => {
          const output = Buffer.alloc(BITS / 8);
          sodium.crypto_generichash_final(state, output);
          return output.toString('hex');
        },
        restart,
      };
    },
  };
}

/** The fastest engine here. Each verifier takes two hashers. */
export async function bestEngine(hashers = 2, wanted?: HashEngine['name']): Promise<HashEngine> {
  const sodium = wanted === 'hash-wasm' ? undefined : sodiumEngine();
  return sodium ?? wasmEngine(hashers);
}
