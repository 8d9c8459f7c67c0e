/** The library's own file for this one hash; its index would put every hash into each bundle. */
declare module 'hash-wasm/dist/blake2b.umd.min.js' {
  const library: { createBLAKE2b: typeof import('hash-wasm').createBLAKE2b };
  export default library;
}
