/** `versionId` is known of a single object, not of a listed one. */
export type ObjectEntry = { key: string; size: number; etag: string; lastModified: Date; versionId?: string };

/** What a versioned bucket still knows of a key: when it was deleted, and the versions that it keeps, newest first. */
type ObjectHistory = { deletedAt: Date | undefined; versions: ObjectEntry[] };

/**
 * What is copied: the object as it is, or one version of it that is no longer the current one; a bucket may be its own
 * source then. `as`: the key that it gets here, where that is another one.
 */
export type CopySource = { bucket: string; entry: ObjectEntry; ofVersion?: string | undefined; as?: string };

/**
 * What is remembered of a large copy between attempts. An attempt may die between any two calls, and two may be at work
 * at once: the upload that was kept first counts.
 */
export interface CopyProgress {
  /** The upload that an attempt before left for these very bytes, or one that it left for other bytes. */
  unfinished(): Promise<{ upload?: string; outdated?: string }>;
  /** Keeps a new upload in the place of none or an outdated one; answers the one that counts. */
  began(upload: string): Promise<string>;
  /** Nothing is left to go on with. */
  ended(): Promise<void>;
}

/** What the trial of a copy showed. `conditions`: whether the store refuses to overwrite where it is told so. */
export type CopyTrial = { bytes: number; conditions: 'held' | 'ignored' };

/** A bucket of artifacts: what is not one by its key (`isArtifactKey`) is not there for any of these. Listing is in the order of the keys' UTF-8 bytes. */
export interface ArtifactStore {
  readonly bucket: string;
  /** All objects, or those under a prefix, one array per page. */
  pages(prefix?: string): AsyncIterable<ObjectEntry[]>;
  /** One object's facts; undefined when it does not exist; UNCOPYABLE when it shows them only to the owner of its key. */
  head(key: string): Promise<ObjectEntry | undefined>;
  /** What is kept of a key: its newest hundred versions, the current one too if there is one. A bucket that keeps none answers that one, without an id or as `null`. */
  history(key: string): Promise<ObjectHistory>;
  /** The bytes of an object, or of one version of it, as they come; NOT_FOUND when it does not exist, CONFLICT when they are not those of `etag`, UNCOPYABLE when it is archived or under a key of its own. */
  open(key: string, etag?: string, ofVersion?: string): Promise<AsyncIterable<Uint8Array>>;
  /**
   * Copies an object under the same key, or `as` another, only if there is none here yet.
   * `exists` when there is one; NOT_FOUND when the source is gone; CONFLICT when it changed since it was read.
   * UNCOPYABLE when this very object can be read by nobody as it is, and there is none here. Tags stay behind.
   * COPY_UNFINISHED when a large one took its share of time: with `progress` the next attempt goes on where it ended.
   * Durable when it returns `copied`. SITE_UNREACHABLE is the source's silence: reading there is what a copy waits for.
   * A source at the site of this bucket is that site's.
   */
  copyFrom(source: CopySource, progress?: CopyProgress): Promise<'copied' | 'exists'>;
  /**
   * The one overwrite: replaces the object that has this ETag by the source's; CONFLICT when either is another by now. The
   * old version is kept. UNCOPYABLE and COPY_UNFINISHED as of a copy.
   */
  replaceFrom(source: CopySource, badEtag: string, progress?: CopyProgress): Promise<void>;
  /** Copies an object of another bucket under another key, reads it back, removes it, and tries a condition that does not hold. */
  tryCopy(source: CopySource, key: string): Promise<CopyTrial>;
}

export type TriedCopy = CopyTrial & { key: string };

/** The function that copies artifacts, asked to copy one under a key of no artifact with the rights that its role has. */
export interface Replicator {
  /** Undefined when there is no artifact to try; NOT_FOUND when there is no such function; REMOTE_FAILED with what went wrong inside of it. */
  tryCopy(): Promise<TriedCopy | undefined>;
}

export type ArtifactMessage = { kind: 'repair'; key: string };

/** The queue of artifact work. Sending twice is harmless: copies are create-only. */
export interface WorkQueue {
  send(messages: ArtifactMessage[]): Promise<void>;
  /** Messages waiting or being worked on, about. */
  depth(): Promise<number>;
}
