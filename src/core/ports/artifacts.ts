/** `versionId` is known of a single object, not of a listed one. */
export type ObjectEntry = { key: string; size: number; etag: string; lastModified: Date; versionId?: string };

/** What a versioned bucket still knows of a key: when it was deleted, and the versions that it keeps, newest first. */
type ObjectHistory = { deletedAt: Date | undefined; versions: ObjectEntry[] };

/**
 * What is copied: the object as it is, or one version of it that is no longer the current one; a bucket may be its own
 * source then. `as`: the key that it gets here, where that is another one.
 */
export type CopySource = { bucket: string; entry: ObjectEntry; ofVersion?: string | undefined; as?: string };

/** A bucket of artifacts: what is not one by its key (`isArtifactKey`) is not there for any of these. Listing is in the order of the keys' UTF-8 bytes. */
export interface ArtifactStore {
  readonly bucket: string;
  /** All objects, or those under a prefix, one array per page. */
  pages(prefix?: string): AsyncIterable<ObjectEntry[]>;
  /** One object's facts; undefined when it does not exist. */
  head(key: string): Promise<ObjectEntry | undefined>;
  /** What is kept of a key: its newest hundred versions, the current one too if there is one. A bucket that keeps none answers that one, without an id or as `null`. */
  history(key: string): Promise<ObjectHistory>;
  /** The bytes of an object, or of one version of it, as they come; NOT_FOUND when it does not exist, CONFLICT when they are not those of `etag`. */
  open(key: string, etag?: string, ofVersion?: string): Promise<AsyncIterable<Uint8Array>>;
  /**
   * Copies an object under the same key, or `as` another, only if there is none here yet.
   * `exists` when there is one; NOT_FOUND when the source is gone; CONFLICT when it changed since it was read.
   * Durable when it returns `copied`. SITE_UNREACHABLE is the source's silence: reading there is what a copy waits for.
   * A source at the site of this bucket is that site's.
   */
  copyFrom(source: CopySource): Promise<'copied' | 'exists'>;
  /** The one overwrite: replaces the object that has this ETag by the source's; CONFLICT when either is another by now. The old version is kept. */
  replaceFrom(source: CopySource, badEtag: string): Promise<void>;
}

export type ArtifactMessage = { kind: 'repair'; key: string };

/** The queue of artifact work. Sending twice is harmless: copies are create-only. */
export interface WorkQueue {
  send(messages: ArtifactMessage[]): Promise<void>;
  /** Messages waiting or being worked on, about. */
  depth(): Promise<number>;
}
