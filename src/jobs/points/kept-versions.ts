import type { Ports } from '../../core/ports/all.ts';
import { DrError, describeError, hasCode } from '../../errors.ts';
import { copyEntry } from '../artifacts/replicate.ts';
import { isDarkness } from '../darkness.ts';
import { eachOf } from '../each-of.ts';

type VersionPorts = Pick<Ports, 'clock' | 'log' | 'primaryArtifacts' | 'replica' | 'vault'>;
/** A key that the primary shows no object of; without an ETag nobody knows which bytes are wanted, and the newest are. */
type Wanted = { key: string; etag?: string };

/** Keys of which one pass looks for versions: where more were deleted within the time of a point, those of the rest stay. */
const LOOKUPS = 1_000;
/** Those of them that it copies: the others wait for the next. */
const COPIES = 100;
const AT_ONCE = 8;

/**
 * What was deleted at a primary that keeps versions can be copied all the same: a row of a point may name it, and deleted
 * in the window is only what is gone from the versions too. Answers the keys that no version can bring.
 */
export async function withoutKeptVersions(ports: VersionPorts, wanted: readonly Wanted[]): Promise<string[]> {
  let copies = 0;
  const looked = wanted.slice(0, LOOKUPS);
  const gone = await eachOf(looked, AT_ONCE, async (each) => {
    const version = (await versionsOf(ports, each.key)).find(
      ({ etag }) => each.etag === undefined || each.etag === etag,
    );
    if (!version) return true;
    copies += 1;
    return copies <= COPIES && !(await isComing(ports, version));
  });
  return [...looked.filter((_each, index) => gone[index]), ...wanted.slice(LOOKUPS)].map(({ key }) => key);
}

async function versionsOf({ primaryArtifacts, log }: VersionPorts, key: string) {
  try {
    return (await primaryArtifacts.history(key)).versions;
  } catch (error) {
    if (!hasCode(error, 'ACCESS_DENIED')) throw error;
    log.warn('versions at the primary cannot be listed', { key, error: error.message });
    return [];
  }
}

/** Whether a version is in the replica now, or will be; false when nobody can read it. */
async function isComing(ports: VersionPorts, version: Parameters<typeof copyEntry>[1]): Promise<boolean> {
  const { key, versionId } = version;
  try {
    await copyEntry(ports, version, versionId);
    ports.log.info('an artifact was copied from a version of the primary', { key });
  } catch (error) {
    if (hasCode(error, 'NOT_FOUND', 'UNCOPYABLE')) return false;
    if (!(error instanceof DrError) || isDarkness(error)) throw error;
    ports.log.warn('a version of the primary was not copied', { key, error: describeError(error) });
  }
  return true;
}
