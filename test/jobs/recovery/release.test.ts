import { beforeEach, describe, expect, it } from 'vitest';
import { failoverStatusText, releaseText } from '../../../src/cli/text/recovery.ts';
import type { ProductionRun } from '../../../src/core/recovery/run.ts';
import { DrError } from '../../../src/errors.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { readiness } from '../../../src/jobs/readiness.ts';
import { abortFailover } from '../../../src/jobs/recovery/call-off.ts';
import { planFailover } from '../../../src/jobs/recovery/failover.ts';
import { failoverStatus } from '../../../src/jobs/recovery/leftovers.ts';
import { releaseFailover } from '../../../src/jobs/recovery/release.ts';
import { readDirection } from '../../../src/jobs/vault/direction.ts';
import { encode } from '../../../src/jobs/vault/documents.ts';
import { runKey } from '../../../src/jobs/vault/runs.ts';
import { damage } from '../../setup/damage.ts';
import { finishRun, protectedWorld, readRun, settle } from '../../setup/memory-recovery.ts';
import { type TestClock, testPolicy } from '../../setup/policy.ts';
import { start } from '../../setup/recovery-requests.ts';
import type { MemoryPorts } from '../../world/ports.ts';

let ports: MemoryPorts;
let clock: TestClock;
let point: string;
let held: ProductionRun;
/** A minute later, so that a failover that is begun then has another id. */
const later = () => clock.passMinutes(1);
const release = (confirm: string | undefined) => releaseFailover(ports, testPolicy, confirm);
const command = () => `builder-dr failover release --confirm ${held.id} --config config/test.yml`;

beforeEach(async () => {
  const world = await protectedWorld(1);
  ports = world.ports;
  clock = world.clock;
  [point = ''] = world.ids;
  held = await start(ports, point);
  settle(ports);
  later();
});

describe('a failover in hand whose record cannot be read', () => {
  beforeEach(() => {
    damage(ports, runKey(held), 'garbage');
  });

  it('start and abort refuse, and name the command that takes it out of hand', async () => {
    const told = { code: 'VAULT_UNREADABLE', subject: runKey(held), hint: expect.stringContaining(command()) };
    await expect(start(ports, point)).rejects.toMatchObject(told);
    await expect(abortFailover(ports, testPolicy)).rejects.toMatchObject(told);
  });

  it('the plan says that it is in hand, and what takes it out', async () => {
    const { inHand } = await planFailover(ports, testPolicy, { point: 'latest', planned: false });
    expect(inHand).toEqual({
      id: held.id,
      state: 'unreadable',
      release: ['failover', 'release', '--confirm', held.id],
    });
  });

  it('is told first by the status, with the line that takes it out of hand, and hides no other failover', async () => {
    const told = await failoverStatus(ports);
    expect(told).toEqual([
      {
        id: held.id,
        state: 'unreadable',
        key: runKey(held),
        problem: expect.stringContaining(runKey(held)),
        release: ['failover', 'release', '--confirm', held.id],
      },
    ]);
    expect(failoverStatusText(told, ports)).toContain(`start another one: ${command()}`);
    await release(held.id);
    later();
    const next = await start(ports, point);
    expect((await failoverStatus(ports)).map(({ id }) => id)).toEqual([next.id]);
    later();
    damage(ports, runKey(next), 'garbage');
    await ports.vault.remove(runKey(held));
    await ports.vault.put(runKey(held), encode(held), undefined);
    expect((await failoverStatus(ports)).map(({ id, state }) => [id, state])).toEqual([
      [next.id, 'unreadable'],
      [held.id, 'fencing'],
    ]);
  });

  it('is a finding that names the line, until it is released', async () => {
    const stuck = async () =>
      (await readiness(ports, testPolicy)).findings.filter(({ code }) => code === 'FAILOVER_STUCK');
    expect(await stuck()).toMatchObject([{ subject: held.id, text: expect.stringContaining(`\`${command()}\``) }]);
    await release(held.id);
    expect(await stuck()).toEqual([]);
  });

  it('is not released once it has cut over, and no line says so', async () => {
    const { direction, ...rest } = await readDirection(ports.vault);
    const cutOver = { ...rest, direction: 'none', epoch: 1, failover: held.id };
    await ports.vault.put('direction.json', encode(cutOver), (await ports.vault.get('direction.json'))?.etag);
    const told = await failoverStatus(ports);
    expect([direction, told]).toMatchObject(['primary→dr', [{ id: held.id, release: null }]]);
    expect(failoverStatusText(told, ports)).not.toContain('failover release');
    const { findings } = await readiness(ports, testPolicy);
    expect(findings.map(({ code }) => code)).not.toContain('FAILOVER_STUCK');
  });

  it('is released: its record stays as it is, the primary is opened, and the next one goes to its end', async () => {
    const body = ports.vault.documents.get(runKey(held))?.body;
    expect(await release(held.id)).toMatchObject({
      released: held.id,
      run: null,
      unreadable: { key: runKey(held) },
      fence: { database: expect.anything(), bucket: expect.anything() },
    });
    expect((await readDirection(ports.vault)).inHand).toBeUndefined();
    for (let n = 0; n < 4; n += 1) {
      settle(ports);
      await advance(ports, testPolicy).catch(() => undefined);
    }
    expect(ports.fence.state.groups.map(({ id }) => id)).toEqual(['sg-builder']);
    expect(ports.vault.documents.get(runKey(held))?.body).toEqual(body);
    later();
    let next = await start(ports, point);
    for (let n = 0; n < 40 && next.state !== 'done'; n += 1) {
      settle(ports);
      await advance(ports, testPolicy).catch(() => undefined);
      next = await readRun(ports, next);
    }
    expect([next.state, (await readDirection(ports.vault)).failover]).toEqual(['done', next.id]);
  });
});

describe('the last version of its record that can be read', () => {
  it('is named with the line that puts it back; put back, it is of a failover that was called off', async () => {
    const body = ports.vault.documents.get(runKey(held))?.body.toString() ?? '';
    await ports.vault.put(runKey(held), '{"cut', (await ports.vault.get(runKey(held)))?.etag);
    const report = await release(held.id);
    const [, { version = '' } = {}] = await ports.vault.versions(runKey(held), 2);
    const restore = `aws s3api copy-object --region us-west-2 --bucket ${ports.displaced.bucket} --key ${runKey(held)} --copy-source '${ports.displaced.bucket}/${runKey(held)}?versionId=${version}'`;
    expect(report).toMatchObject({ run: null, lastReadable: { version, state: held.state, restore } });
    expect(await ports.vault.getVersion(runKey(held), version)).toBe(body);
    expect(releaseText(report, ports)).toContain(`To put it back:\n    ${restore}\n`);
    await ports.vault.put(runKey(held), body, (await ports.vault.get(runKey(held)))?.etag);
    await advance(ports, testPolicy).catch(() => undefined);
    expect((await readRun(ports, held)).state).toBe('aborted');
  });

  it.each([
    ['none that is kept can be read', async () => [], 'none of the versions'],
    ['nobody can list them', async () => Promise.reject(new DrError('ACCESS_DENIED', 'no right')), 'no right'],
  ])('is not known where %s, and the release is done all the same', async (_how, versions, said) => {
    damage(ports, runKey(held), 'garbage');
    const report = await releaseFailover({ ...ports, vault: { ...ports.vault, versions } }, testPolicy, held.id);
    expect(report).toMatchObject({ released: held.id, lastReadable: { none: expect.stringContaining(said) } });
    expect(releaseText(report, ports)).toContain(said);
    expect((await readDirection(ports.vault)).inHand).toBeUndefined();
  });

  it('is not asked for where the record itself can be read', async () => {
    const versions = () => Promise.reject(new Error('asked'));
    const report = await releaseFailover({ ...ports, vault: { ...ports.vault, versions } }, testPolicy, held.id);
    expect(report.lastReadable).toBeNull();
  });
});

describe('what is released', () => {
  it.each([
    ['nothing', undefined],
    ['another id', '20260101t000000z'],
  ])('is confirmed by its id: with %s the right line is told, and nothing is changed', async (_what, confirm) => {
    await expect(release(confirm)).rejects.toMatchObject({
      code: 'NOT_CONFIRMED',
      hint: expect.stringContaining(command()),
    });
    expect((await readDirection(ports.vault)).inHand?.run).toBe(held.id);
  });

  it('is called off, where its record can be read', async () => {
    expect(await release(held.id)).toMatchObject({ released: held.id, run: { id: held.id, state: 'aborted' } });
    expect((await readRun(ports, held)).fence.wanted).toBe(false);
    await expect(release(held.id)).rejects.toMatchObject({ code: 'BAD_USAGE' });
  });

  it('is never the one that has cut over, whether its record can be read or not', async () => {
    await finishRun(ports, held);
    const before = await readDirection(ports.vault);
    for (const how of ['none', 'garbage']) {
      if (how !== 'none') damage(ports, runKey(held), how);
      await expect(release(held.id)).rejects.toMatchObject({
        code: 'BAD_USAGE',
        hint: expect.stringContaining('failback plan'),
      });
      expect(await readDirection(ports.vault)).toEqual(before);
    }
  });

  it('is not the one that cuts over at this very moment', async () => {
    const { get } = ports.vault;
    let meanwhile = false;
    const slow = async (key: string) => {
      const found = await get(key);
      if (key === 'direction.json' && !meanwhile) {
        meanwhile = true;
        await finishRun(ports, held);
      }
      return found;
    };
    const late = { ...ports, vault: { ...ports.vault, get: slow } };
    await expect(releaseFailover(late, testPolicy, held.id)).rejects.toMatchObject({ code: 'BAD_USAGE' });
    expect((await readRun(ports, held)).state).toBe('done');
  });
});

describe('a failover in hand that comes no further', () => {
  it('is named with its release by the plan, and by a start of another point', async () => {
    const plan = () => planFailover(ports, testPolicy, { point: 'latest', planned: false });
    expect((await plan()).inHand?.release).toBeNull();
    clock.passMinutes(testPolicy.failoverStuckMinutes + 60);
    expect((await plan()).inHand?.release).toEqual(['failover', 'release', '--confirm', held.id]);
    await expect(start(ports, '20260101t000000z')).rejects.toMatchObject({
      code: 'NOT_CONFIRMED',
      hint: expect.stringContaining(command()),
    });
  });
});
