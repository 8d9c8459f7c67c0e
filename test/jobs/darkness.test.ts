import { describe, expect, it } from 'vitest';
import type { ObjectEntry } from '../../src/core/ports/artifacts.ts';
import { DrError } from '../../src/errors.ts';
import { isDarkness, watchDarkness } from '../../src/jobs/darkness.ts';
import { TestClock } from '../setup/policy.ts';
import { memoryPorts } from '../world/ports.ts';

const silenceOf = (site: 'primary' | 'dr', message: string) => new DrError('SITE_UNREACHABLE', message, { site });
const entry: ObjectEntry = { key: 'core/a.hart', size: 1, etag: '"a"', lastModified: new Date(0) };

function newWorld() {
  const ports = memoryPorts(new TestClock().read);
  const asked: string[] = [];
  const dark = (what: string) => async (): Promise<never> => {
    asked.push(what);
    await Promise.resolve();
    throw silenceOf('primary', `${what}: TimeoutError`);
  };
  return { ports, asked, dark };
}
const thrown = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('a primary that does not answer', () => {
  it('is asked once in a run, and everything else that would need it fails as the first did', async () => {
    const { ports, asked, dark } = newWorld();
    ports.database.source = dark('describe instance');
    const { ports: guarded, darkness } = watchDarkness(ports);
    const first = await thrown(guarded.database.source());
    const later = [guarded.database.source(), guarded.fence.fenceGroup(), guarded.primaryArtifacts.head('core/a.hart')];
    expect(await Promise.all(later.map(thrown))).toEqual([first, first, first]);
    expect(asked).toEqual(['describe instance']);
    expect([isDarkness(first), darkness.silence]).toEqual([true, first]);
  });

  it('is known by each of several calls that were under way at once, whatever each of them says', async () => {
    const { ports, dark } = newWorld();
    ports.database.source = dark('describe instance');
    ports.fence.fenceGroup = dark('read the parameter');
    const { ports: guarded, darkness } = watchDarkness(ports);
    const errors = await Promise.all([thrown(guarded.database.source()), thrown(guarded.fence.fenceGroup())]);
    expect(errors.map((each) => (each as Error).message)).toEqual([
      'describe instance: TimeoutError',
      'read the parameter: TimeoutError',
    ]);
    expect(errors.map(isDarkness)).toEqual([true, true]);
    expect(darkness.silence).toBe(errors[0]);
  });

  it('is what keeps a copy into the replica', async () => {
    const { ports, asked, dark } = newWorld();
    ports.replica.copyFrom = dark('copy');
    const { ports: guarded } = watchDarkness(ports);
    expect(isDarkness(await thrown(guarded.replica.copyFrom({ bucket: 'primary', entry })))).toBe(true);
    expect(isDarkness(await thrown(guarded.replica.replaceFrom({ bucket: 'primary', entry }, '"b"')))).toBe(true);
    expect(asked).toEqual(['copy']);
    expect(await guarded.replica.head('core/a.hart')).toBeUndefined();
  });
});

describe("a silence that is not the primary's", () => {
  it('is a failure like any other, and the primary is asked on', async () => {
    const { ports } = newWorld();
    ports.replica.copyFrom = () => Promise.reject(silenceOf('dr', 'look at replica: TimeoutError'));
    const { ports: guarded, darkness } = watchDarkness(ports);
    expect(isDarkness(await thrown(guarded.replica.copyFrom({ bucket: 'primary', entry })))).toBe(false);
    expect(darkness.silence).toBeUndefined();
    expect(await guarded.database.source()).toMatchObject({ multiAz: true });
  });

  it("is nobody's of the two where no site is named, even in the same words", async () => {
    const { ports, dark } = newWorld();
    ports.database.source = dark('ask');
    const { ports: guarded } = watchDarkness(ports);
    await thrown(guarded.database.source());
    expect(isDarkness(new DrError('SITE_UNREACHABLE', 'ask: TimeoutError'))).toBe(false);
  });
});
