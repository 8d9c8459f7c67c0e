/** A running BLAKE2b hash of 32 bytes (not a truncated one of 64: the length is a parameter of the function). */
export type Hasher = {
  update: (bytes: Uint8Array) => void;
  /** Lower-case hex; ends the hasher until it is begun again. */
  digestHex: () => string;
  /** Begins a new hash with the same memory. */
  restart: () => void;
};

export type HashEngine = { name: 'hash-wasm' | 'sodium-native'; create: () => Hasher };
