import { describe, expect, it } from 'vitest';
import { isConfirmed } from '../../../src/core/recovery/fence.ts';
import type { ProductionRun } from '../../../src/core/recovery/run.ts';
import { DrError } from '../../../src/errors.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { readiness } from '../../../src/jobs/readiness.ts';
import { abortFailover, unfence } from '../../../src/jobs/recovery/call-off.ts';
import { readSiteFence } from '../../../src/jobs/recovery/site-fence.ts';
import { encode } from '../../../src/jobs/vault/documents.ts';
import { runKey, updateRun } from '../../../src/jobs/vault/runs.ts';
import { protectedWorld, readRun, settle } from '../../setup/memory-recovery.ts';
import { type TestClock, testPolicy } from '../../setup/policy.ts';
import { start } from '../../setup/recovery-requests.ts';
import type { MemoryPorts } from '../../world/ports.ts';

const POINT = '20261122t130500z';
const FENCED = JSON.stringify({
  Statement: [
    { Sid: 'Theirs', Effect: 'Allow' },
    {
      Sid: 'BuilderDrFence',
      Effect: 'Deny',
      Principal: '*',
      Action: ['s3:PutObject', 's3:DeleteObject', 's3:DeleteObjectVersion'],
      Resource: 'arn:aws:s3:::builder-artifacts/*',
    },
  ],
});
const fenceOf = ({ fence }: MemoryPorts) => [
  fence.state.groups.map(({ id }) => id),
  fence.policy?.includes('BuilderDrFence'),
];
const open = [['sg-builder'], false];
const closed = [['sg-fence'], true];
const close = ({ fence }: MemoryPorts): void => {
  fence.state = { status: 'available', groups: [{ id: 'sg-fence', status: 'active' }] };
  fence.policy = FENCED;
};

async function passes(ports: MemoryPorts, clock: TestClock, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    settle(ports);
    clock.passMinutes(1);
    await advance(ports, testPolicy).catch(() => undefined);
  }
  settle(ports);
}

/** A failover that was called off, and its fence taken away. */
async function calledOff() {
  const { ports, clock } = await protectedWorld(1);
  const run = await start(ports, POINT);
  await passes(ports, clock, 2);
  await abortFailover(ports, testPolicy);
  await passes(ports, clock, 3);
  expect(fenceOf(ports)).toEqual(open);
  return { ports, clock, run };
}

describe('the fence of the site', () => {
  it('is taken away also where a pass that was late has raised it again, and has died before it could see that', async () => {
    const { ports, clock } = await calledOff();
    close(ports);
    await passes(ports, clock, 3);
    expect(fenceOf(ports)).toEqual(open);
  });

  it('is noted, with what was there before, before anything is closed', async () => {
    const { ports } = await protectedWorld(1);
    const noted: unknown[] = [];
    for (const method of ['setGroups', 'setBucketPolicy'] as const) {
      const act = ports.fence[method] as (...args: unknown[]) => Promise<void>;
      (ports.fence as unknown as Record<string, unknown>)[method] = async (...args: unknown[]) => {
        const { run, groups, liftedAt } = (await readSiteFence(ports.vault)) ?? {};
        noted.push([method, run, groups, liftedAt]);
        return act(...args);
      };
    }
    const { id } = await start(ports, POINT);
    expect(noted).toEqual([
      ['setGroups', id, ['sg-builder'], undefined],
      ['setBucketPolicy', id, ['sg-builder'], undefined],
    ]);
  });

  it('has the groups of before also where the first look at the instance was throttled, and the bucket came first', async () => {
    const { ports, clock } = await protectedWorld(1);
    const { database } = ports.fence;
    let looks = 0;
    ports.fence.database = async (name) => {
      looks += 1;
      if (looks === 1) throw new DrError('THROTTLED', 'Rate exceeded');
      return database(name);
    };
    await start(ports, POINT, { planned: true });
    expect([(await readSiteFence(ports.vault))?.groups, looks > 1]).toEqual([['sg-builder'], true]);
    await abortFailover(ports, testPolicy);
    await passes(ports, clock, 3);
    expect(fenceOf(ports)).toEqual(open);
  });

  it('is read back before it counts as lifted, and looked at for a day after that', async () => {
    const { ports, clock } = await calledOff();
    expect((await readSiteFence(ports.vault))?.liftedAt).toBeDefined();
    const looks: string[] = [];
    const { bucketPolicy } = ports.fence;
    ports.fence.bucketPolicy = async () => {
      looks.push(clock.now.toISOString());
      return bucketPolicy();
    };
    await passes(ports, clock, 1);
    clock.passMinutes(24 * 60);
    await passes(ports, clock, 2);
    expect(looks).toHaveLength(1);
  });

  it('remembers the groups of before through two failovers, of which the first was never lifted', async () => {
    const { ports, clock } = await protectedWorld(1);
    await start(ports, POINT);
    await passes(ports, clock, 2);
    ports.fence.refused = new DrError('ACCESS_DENIED', 'not authorized to perform: rds:ModifyDBInstance');
    await abortFailover(ports, testPolicy);
    ports.fence.refused = undefined;
    await start(ports, POINT);
    await passes(ports, clock, 2);
    expect(fenceOf(ports)).toEqual(closed);
    await abortFailover(ports, testPolicy);
    await passes(ports, clock, 3);
    expect(fenceOf(ports)).toEqual(open);
  });

  it('that a run of the version before remembers in itself is taken away, and taken over', async () => {
    for (const next of ['lift', 'take over'] as const) {
      const { ports, clock } = await protectedWorld(1);
      const run = await start(ports, POINT);
      await passes(ports, clock, 2);
      ports.fence.dark = true;
      await abortFailover(ports, testPolicy);
      ports.fence.dark = false;
      await ports.vault.remove('fence.json');
      await updateRun(ports, run, (now) => ({
        ...now,
        fence: {
          wanted: false,
          database: { originalGroups: ['sg-builder'] },
          bucket: { originalPolicy: null, probe: { writtenAt: ports.clock().toISOString() } },
        },
      }));
      if (next === 'take over') {
        await start(ports, POINT);
        await passes(ports, clock, 2);
        await abortFailover(ports, testPolicy);
      }
      await passes(ports, clock, 3);
      expect([next, ...fenceOf(ports), (await readRun(ports, run)).fence]).toEqual([
        next,
        ...open,
        { wanted: false, database: {}, bucket: {} },
      ]);
    }
  });
});

describe('`failover unfence`', () => {
  it('lifts a fence long after it was lifted, with the groups that were there before it', async () => {
    const { ports, clock } = await calledOff();
    clock.passMinutes(3 * 24 * 60);
    close(ports);
    await passes(ports, clock, 2);
    expect(fenceOf(ports)).toEqual(closed);
    const { fence } = await unfence(ports, testPolicy);
    expect([fence.database.open, fence.bucket.open]).toEqual([false, true]);
    settle(ports);
    expect(fenceOf(ports)).toEqual(open);
    expect((await unfence(ports, testPolicy)).fence).toEqual({ database: { open: true }, bucket: { open: true } });
  });

  it('needs no failover, and says what only a person knows', async () => {
    const { ports } = await protectedWorld(1);
    close(ports);
    const { fence, run } = await unfence(ports, testPolicy);
    expect([run, fence.bucket.open, fence.database.problem]).toEqual([
      undefined,
      true,
      'the groups of before are not known: give the instance its own groups by hand',
    ]);
    expect(fenceOf(ports)).toEqual([['sg-fence'], false]);
  });

  it.each(['in hand', 'in force', 'of the version before'])('is refused while a failover is %s', async (which) => {
    const { ports, clock } = await protectedWorld(1);
    const run: ProductionRun = await start(ports, POINT);
    await passes(ports, clock, which === 'in force' ? 6 : 2);
    if (which === 'of the version before') {
      const { taken: _none, ...before } = await readRun(ports, run);
      await ports.vault.remove('direction.json');
      await ports.vault.put(runKey(run), encode(before), (await ports.vault.get(runKey(run)))?.etag);
    }
    await expect(unfence(ports, testPolicy)).rejects.toMatchObject({ code: 'BAD_USAGE', subject: run.id });
    expect(fenceOf(ports)).toEqual(closed);
  });
});

describe('a `fence.json` that cannot be read', () => {
  it('keeps no failover from closing the primary, nor from opening it again, is named and is not overwritten', async () => {
    const { ports, clock } = await protectedWorld(1);
    await ports.vault.put('fence.json', 'garbage', undefined);
    const run = await start(ports, POINT);
    settle(ports);
    await expect(advance(ports, testPolicy)).rejects.toMatchObject({ message: expect.stringContaining('fence.json') });
    await passes(ports, clock, 2);
    expect([isConfirmed((await readRun(ports, run)).fence), ...fenceOf(ports)]).toEqual([true, ...closed]);
    expect((await readiness(ports, testPolicy)).findings.map(({ subject }) => subject)).toContain('fence.json');
    await abortFailover(ports, testPolicy);
    await passes(ports, clock, 3);
    expect([...fenceOf(ports), (await ports.vault.get('fence.json'))?.body]).toEqual([...open, 'garbage']);
  });
});

describe('readiness', () => {
  const look = async (ports: MemoryPorts) =>
    (await readiness(ports, testPolicy)).findings.filter(({ code }) => code === 'FENCE_STRAY');

  it('names a fence that nobody wants, critical, with the command that lifts it, until that was typed', async () => {
    const { ports } = await protectedWorld(1);
    expect(await look(ports)).toEqual([]);
    close(ports);
    expect(await look(ports)).toMatchObject([
      { severity: 'critical', next: ['failover', 'unfence'], text: expect.stringContaining('no failover is known') },
    ]);
    expect((await readiness(ports, testPolicy)).status).toBe('NOT_READY');
    await unfence(ports, testPolicy);
    expect((await look(ports)).map(({ text }) => text.includes('bucket'))).toEqual([false]);
    await ports.fence.setGroups(['sg-builder']);
    expect(await look(ports)).toEqual([]);
  });

  it('says nothing of one that a failover wants, or that is taken away just now, and all when that does not go on', async () => {
    const { ports, clock } = await protectedWorld(1);
    await start(ports, POINT);
    await passes(ports, clock, 2);
    expect([fenceOf(ports), await look(ports)]).toEqual([closed, []]);
    ports.fence.setGroups = async () => Promise.reject(new DrError('ACCESS_DENIED', 'not authorized'));
    await abortFailover(ports, testPolicy);
    expect(await look(ports)).toEqual([]);
    clock.passMinutes(testPolicy.fenceMinutes);
    expect(await look(ports)).toMatchObject([{ text: expect.stringContaining('raised last for failover') }]);
  });

  it.each(['THROTTLED', 'ACCESS_DENIED', 'SITE_UNREACHABLE'] as const)(
    'goes on where the look at the fence is answered by %s',
    async (code) => {
      const { ports } = await protectedWorld(1);
      close(ports);
      ports.fence.refused = new DrError(code, 'no');
      expect(await look(ports)).toEqual([]);
    },
  );

  it.each(['THROTTLED', 'SITE_UNREACHABLE', 'REMOTE_FAILED'] as const)(
    'says that nobody could look once that lasts, and since when: %s',
    async (code) => {
      const { ports, clock } = await protectedWorld(1);
      const unseen = async () =>
        (await readiness(ports, testPolicy)).findings.filter((each) => each.code === 'FENCE_UNSEEN');
      const since = clock.now.toISOString();
      ports.fence.refused = new DrError(code, 'no answer', { site: 'primary' });
      expect(await unseen()).toEqual([]);
      clock.passMinutes(testPolicy.fenceMinutes - 1);
      expect(await unseen()).toEqual([]);
      clock.passMinutes(1);
      expect(await unseen()).toMatchObject([{ text: expect.stringContaining(`since ${since} nobody could look`) }]);
      ports.fence.refused = undefined;
      expect(await unseen()).toEqual([]);
      // It begins anew.
      ports.fence.refused = new DrError(code, 'no answer', { site: 'primary' });
      expect(await unseen()).toEqual([]);
    },
  );

  it.each([
    ['THROTTLED', 0],
    ['SITE_UNREACHABLE', 0],
    ['REMOTE_FAILED', 0],
    ['ACCESS_DENIED', 1],
    ['NOT_FOUND', 1],
  ] as const)('says that nobody could look, where that does not pass by itself: %s', async (code, told) => {
    const { ports } = await protectedWorld(1);
    const unseen = async () =>
      (await readiness(ports, testPolicy)).findings.filter((each) => each.code === 'FENCE_UNSEEN');
    ports.fence.refused = new DrError(code, 'not authorized to perform: s3:GetBucketPolicy', { site: 'primary' });
    const found = await unseen();
    expect(found).toHaveLength(told);
    for (const each of found) {
      expect(each).toMatchObject({ severity: 'warning', text: expect.stringContaining('s3:GetBucketPolicy') });
    }
    ports.fence.refused = undefined;
    expect(await unseen()).toEqual([]);
  });
});
