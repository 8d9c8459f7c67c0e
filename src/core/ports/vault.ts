export type VaultEntry = { key: string; lastModified: Date };
type DocumentVersion = { version: string; writtenAt: Date };

/** The catalogue's bucket: small documents with compare-and-swap, large lists as streams. */
export interface Vault {
  get(key: string): Promise<{ body: string; etag: string } | undefined>;
  /** Writes if the document is still the one read (`etag`), or still absent (`undefined`); else CONFLICT. Returns the new ETag. */
  put(key: string, body: string, etag: string | undefined): Promise<string>;
  /** Writes a stream once; `exists` when there was one already. Nothing is visible until all of it is written. */
  putStream(key: string, chunks: AsyncIterable<Uint8Array>): Promise<'written' | 'exists'>;
  /** The bytes of a stream; NOT_FOUND when absent. */
  openStream(key: string): Promise<AsyncIterable<Uint8Array>>;
  /** The bytes of an object with its ETag, whole in memory: for what is no text, and of a bounded size. */
  getBytes(key: string): Promise<{ bytes: Uint8Array; etag: string } | undefined>;
  /** As `put`, of bytes. */
  putBytes(key: string, bytes: Uint8Array, etag: string | undefined): Promise<string>;
  list(prefix: string): Promise<VaultEntry[]>;
  /** What is kept of a document, the newest first, so many at most: the one that is there, and former ones where versions are kept. */
  versions(key: string, most: number): Promise<DocumentVersion[]>;
  /** The document as it was in that version; undefined when it is not kept any more. */
  getVersion(key: string, version: string): Promise<string | undefined>;
  /** Removes what was merged elsewhere; success when it is not there. */
  remove(key: string): Promise<void>;
}

/** A sealed file: its content encrypted with a data key, the data key encrypted by KMS. */
export type Envelope = {
  schema: 'escrow/1';
  name: string;
  mode: number;
  sealedAt: string;
  keyId: string;
  encryptedDataKey: string;
  iv: string;
  tag: string;
  ciphertext: string;
};

/** Envelope encryption bound to the file's name. KMS_UNUSABLE when the key is disabled, gone or forbidden. */
export interface Escrow {
  seal(file: { name: string; mode: number; content: Uint8Array }, now: Date): Promise<Envelope>;
  open(envelope: Envelope): Promise<Uint8Array>;
  /** Every key that a failover needs and cannot use now, with the reason. */
  unusableKeys(): Promise<{ keyId: string; reason: string }[]>;
}
