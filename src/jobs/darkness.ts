import type { Ports } from '../core/ports/all.ts';
import type { ArtifactStore } from '../core/ports/artifacts.ts';
import type { Database } from '../core/ports/database.ts';
import type { FencePort } from '../core/ports/recovery.ts';
import { type DrError, hasCode } from '../errors.ts';

/** How the primary site first failed to answer in this run, if it did; after that nobody asks it again. */
export type Darkness = { silence: DrError | undefined };

/** Whether this error is the primary's silence; the silence of the DR site is a failure like any other. */
export function isDarkness(error: unknown): error is DrError {
  return hasCode(error, 'SITE_UNREACHABLE') && error.site === 'primary';
}

async function guarded<T>(darkness: Darkness, work: () => Promise<T>): Promise<T> {
  if (darkness.silence) throw darkness.silence;
  try {
    return await work();
  } catch (error) {
    if (isDarkness(error)) darkness.silence ??= error;
    throw error;
  }
}

function guardDatabase(database: Database, darkness: Darkness): Database {
  return {
    ...database,
    capture: (name, pointId) => guarded(darkness, () => database.capture(name, pointId)),
    status: (name) => guarded(darkness, () => database.status(name)),
    copyToDr: (copy) => guarded(darkness, () => database.copyToDr(copy)),
    source: () => guarded(darkness, () => database.source()),
    snapshotUse: (site, name) => {
      const look = () => database.snapshotUse(site, name);
      return site === 'primary' ? guarded(darkness, look) : look();
    },
    removeSnapshot: (site, snapshot) => {
      const remove = () => database.removeSnapshot(site, snapshot);
      return site === 'primary' ? guarded(darkness, remove) : remove();
    },
  };
}

function guardSource(store: ArtifactStore, darkness: Darkness): ArtifactStore {
  async function* pages(prefix?: string) {
    const iterator = store.pages(prefix)[Symbol.asyncIterator]();
    while (true) {
      const next = await guarded(darkness, () => iterator.next());
      if (next.done) return;
      yield next.value;
    }
  }
  return {
    bucket: store.bucket,
    pages,
    head: (key) => guarded(darkness, () => store.head(key)),
    history: (key) => guarded(darkness, () => store.history(key)),
    open: (key, etag, ofVersion) => guarded(darkness, () => store.open(key, etag, ofVersion)),
    copyFrom: (source, progress) => store.copyFrom(source, progress),
    replaceFrom: (source, badEtag, progress) => store.replaceFrom(source, badEtag, progress),
    tryCopy: (source, key) => store.tryCopy(source, key),
  };
}

function guardFence(fence: FencePort, darkness: Darkness): FencePort {
  return {
    fenceGroup: () => guarded(darkness, () => fence.fenceGroup()),
    database: (name) => guarded(darkness, () => fence.database(name)),
    rename: (name) => guarded(darkness, () => fence.rename(name)),
    setGroups: (groups) => guarded(darkness, () => fence.setGroups(groups)),
    reboot: () => guarded(darkness, () => fence.reboot()),
    bucketPolicy: () => guarded(darkness, () => fence.bucketPolicy()),
    setBucketPolicy: (policy) => guarded(darkness, () => fence.setBucketPolicy(policy)),
    writeProbe: () => guarded(darkness, () => fence.writeProbe()),
    clearProbe: () => guarded(darkness, () => fence.clearProbe()),
  };
}

type Watched = Pick<Ports, 'replica' | 'primaryArtifacts'> & Partial<Pick<Ports, 'database' | 'displaced' | 'fence'>>;

/** Ports whose calls to the primary site cost one time-out per run at most. */
export function watchDarkness<P extends Watched>(ports: P): { ports: P; darkness: Darkness } {
  const darkness: Darkness = { silence: undefined };
  const { replica } = ports;
  // What is copied within the DR site does not wait for the primary.
  const here = [replica.bucket, ports.displaced?.bucket];
  const from = <T>(bucket: string, copy: () => Promise<T>): Promise<T> =>
    here.includes(bucket) ? copy() : guarded(darkness, copy);
  const guarding: Watched = {
    replica: {
      bucket: replica.bucket,
      pages: (prefix) => replica.pages(prefix),
      head: (key) => replica.head(key),
      history: (key) => replica.history(key),
      open: (key, etag, ofVersion) => replica.open(key, etag, ofVersion),
      // A copy reads at its source, so what is copied from the primary is as silent as that: the port says so.
      replaceFrom: (source, badEtag, progress) =>
        from(source.bucket, () => replica.replaceFrom(source, badEtag, progress)),
      copyFrom: (source, progress) => from(source.bucket, () => replica.copyFrom(source, progress)),
      tryCopy: (source, key) => from(source.bucket, () => replica.tryCopy(source, key)),
    },
    primaryArtifacts: guardSource(ports.primaryArtifacts, darkness),
    ...(ports.database ? { database: guardDatabase(ports.database, darkness) } : {}),
    ...(ports.fence ? { fence: guardFence(ports.fence, darkness) } : {}),
  };
  return { darkness, ports: { ...ports, ...guarding } };
}
