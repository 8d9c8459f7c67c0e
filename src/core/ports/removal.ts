import type { ObjectEntry } from './artifacts.ts';

/**
 * What takes objects out of the replica, so that they can be brought back for a while. Nothing else deletes there.
 * Every method may be called twice.
 */
export interface ReplicaRemoval {
  /** Whether what is deleted stays as a version. Where it does not, nothing may be removed. */
  keepsVersions(): Promise<boolean>;
  /** Puts a delete marker over the object that has this ETag. `gone` when there is none; CONFLICT when it is another by now. */
  hide(key: string, etag: string): Promise<'hidden' | 'gone'>;
  /** All versions that are kept of a key, the newest first, with their ids; whether a delete marker is over them does not matter. */
  versions(key: string): Promise<ObjectEntry[]>;
  /** Lets the bucket's lifecycle delete this version, so many days after it stopped being current. Success when it is not there. */
  release(key: string, versionId: string): Promise<void>;
}
