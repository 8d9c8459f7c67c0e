import { describe, expect, it } from 'vitest';
import type { ProductionRun } from '../../../src/core/recovery/run.ts';
import { DrError } from '../../../src/errors.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { capture } from '../../../src/jobs/points/capture.ts';
import { abortFailover } from '../../../src/jobs/recovery/call-off.ts';
import { readPoints } from '../../../src/jobs/vault/points.ts';
import { bringFailoversUp, meanwhile, worldWithDrill } from '../../setup/interleaving.ts';
import { newWorld, scheduled } from '../../setup/memory-cycle.ts';
import { finishRun, protectedWorld, readRun, settle } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { drill, start } from '../../setup/recovery-requests.ts';
import type { MemoryPorts } from '../../world/ports.ts';

const refusing = (ports: MemoryPorts) => {
  const { restore } = ports.instances;
  ports.instances.restore = async () => Promise.reject(new DrError('QUOTA_EXCEEDED', 'no quota'));
  return restore;
};
const failovers = (ports: MemoryPorts) =>
  [...ports.instances.held.keys()].filter((name) => name.startsWith('hbdr-failover'));

async function passes(ports: MemoryPorts, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    ports.fence.finish();
    await advance(ports, testPolicy);
  }
}

// A failover is carried on before any drill: what is older than its pass is made so by the failover before it.
describe('a pass that read before somebody else wrote', () => {
  it('restores nothing for a failover that was called off meanwhile', async () => {
    const { ports, ids } = await protectedWorld();
    const restore = refusing(ports);
    const run = await start(ports, ids[0] ?? '');
    await passes(ports, 6);
    expect((await readRun(ports, run)).state).toBe('restoring');
    ports.instances.restore = restore;
    let kept: string[] | undefined;
    const times = meanwhile(ports, 'hbdr-failover', async () => {
      ({ kept } = await abortFailover(ports, testPolicy));
    });
    await advance(ports, testPolicy).catch(() => undefined);
    expect([times(), kept, (await readRun(ports, run)).state, failovers(ports)]).toEqual([1, [], 'aborted', []]);
  });

  it('does not lift a fence that another failover took over, and DR comes in force over no open primary', async () => {
    const { ports, ids, clock } = await protectedWorld();
    const later: (() => Promise<void>)[] = [];
    const { start: inspect } = ports.inspection;
    ports.inspection.start = async (request) => void later.push(() => inspect(request));
    await drill(ports);
    await advance(ports, testPolicy);
    clock.passMinutes(1);
    await start(ports, ids[0] ?? '');
    await passes(ports, 3);
    ports.fence.dark = true; // so that the first one's fence is not lifted yet
    await abortFailover(ports, testPolicy);
    ports.fence.dark = false;
    clock.passMinutes(1);
    let second: ProductionRun | undefined;
    const times = meanwhile(ports, 'hbdr-drill', async () => {
      second = await start(ports, ids[0] ?? '');
      for (let n = 0; n < 6; n += 1) {
        settle(ports);
        await advance(ports, testPolicy);
      }
      second = await readRun(ports, second);
    });
    await advance(ports, testPolicy);
    const { database, bucket } = second?.fence ?? {};
    const sure = [database, bucket].map((half) => half?.confirmedAt !== undefined);
    expect([times(), second?.state, sure]).toEqual([1, 'inspecting', [true, true]]);
    const fenced = () => [
      ports.fence.state.groups.map((each) => each.id),
      ports.fence.policy?.includes('BuilderDrFence'),
    ];
    expect(fenced()).toEqual([['sg-fence'], true]);
    settle(ports);
    let atCutOver: unknown;
    const { publishSettings } = ports.cutOver;
    ports.cutOver.publishSettings = async (files) => {
      atCutOver ??= fenced();
      return publishSettings(files);
    };
    // Once for the inspection, once for the connection after backups were turned on.
    for (let n = 0; n < 3; n += 1) {
      for (const answer of later.splice(0)) await answer();
      await advance(ports, testPolicy);
      bringFailoversUp(ports);
    }
    expect(atCutOver).toEqual([['sg-fence'], true]);
  });

  it('rejects no other attempt than the one that was refused', async () => {
    const { ports, ids } = await protectedWorld(3);
    const restore = refusing(ports);
    const run = await start(ports, ids[0] ?? '');
    await passes(ports, 4);
    ports.instances.restore = async (request) => {
      if (request.snapshot.includes(ids[0] ?? '')) throw new DrError('NOT_FOUND', `no snapshot ${request.snapshot}`);
      return restore(request);
    };
    // The refusal of the first attempt is heard by this pass after another one has heard it, too.
    const { restore: hears } = ports.instances;
    let times = 0;
    ports.instances.restore = async (request) => {
      times += 1;
      if (times === 1) await advance(ports, testPolicy);
      return hears(request);
    };
    await advance(ports, testPolicy).catch(() => undefined);
    expect((await readRun(ports, run)).attempts.map((each) => [each.point, each.outcome, each.why])).toEqual([
      [ids[0], 'rejected', expect.any(String)],
      [ids[1], undefined, undefined],
    ]);
  });

  it('does not reboot the primary again', async () => {
    const { ports, ids } = await protectedWorld();
    await start(ports, ids[0] ?? '');
    ports.fence.finish();
    const { database } = ports.fence;
    let times = 0;
    ports.fence.database = async (name) => {
      const seen = await database(name);
      times += 1;
      if (times === 1) await passes(ports, 2);
      return seen;
    };
    await advance(ports, testPolicy);
    expect(ports.fence.reboots).toBe(1);
  });

  it('does not tell again what was told meanwhile', async () => {
    const { ports, ids } = await worldWithDrill();
    const first = await start(ports, ids[0] ?? '');
    const { publish } = ports.notifier;
    ports.notifier.publish = async () => Promise.reject(new DrError('REMOTE_FAILED', 'SNS is not well'));
    for (let n = 0; n < 6; n += 1) {
      bringFailoversUp(ports);
      ports.fence.finish();
      await advance(ports, testPolicy).catch(() => undefined);
    }
    expect((await readRun(ports, first)).state).toBe('done');
    ports.notifier.publish = publish;
    const times = meanwhile(ports, 'hbdr-drill', async () => void (await advance(ports, testPolicy)));
    await advance(ports, testPolicy);
    const told = ports.notifier.messages.filter((each) => each.subject.includes('failover done'));
    expect([times(), told.length]).toEqual([1, 1]);
  });

  it('makes no snapshot for a point that has failed meanwhile', async () => {
    const { ports, clock } = newWorld();
    const { capture: snapshot } = ports.database;
    ports.database.capture = async () => Promise.reject(new DrError('INVALID_STATE', 'backing-up'));
    await capture(ports, testPolicy, scheduled);
    clock.passMinutes(58);
    const { list } = ports.vault;
    let times = 0;
    ports.vault.list = async (prefix) => {
      if (prefix === 'keys/escrow/' && times === 0) {
        times += 1;
        clock.passMinutes(3);
        await advance(ports, testPolicy).catch(() => undefined);
        ports.database.capture = snapshot;
      }
      return list(prefix);
    };
    await advance(ports, testPolicy).catch(() => undefined);
    const states = (await readPoints(ports.vault)).points.map((each) => each.state);
    expect([times, states, [...ports.database.snapshots.keys()]]).toEqual([1, ['failed'], []]);
  });
});

describe('an unreadable vault', () => {
  it('is not noted as a refusal of the primary', async () => {
    const { ports, ids } = await protectedWorld();
    const run = await finishRun(ports, await start(ports, ids[0] ?? ''));
    ports.fence.state = { status: 'available', groups: [{ id: 'sg-builder', status: 'active' }] };
    const { get } = ports.vault;
    let reads = 0;
    ports.vault.get = async (key) => {
      if (key === 'direction.json') reads += 1;
      if (key === 'direction.json' && reads > 1) throw new DrError('THROTTLED', 'SlowDown');
      return get(key);
    };
    await expect(advance(ports, testPolicy)).rejects.toMatchObject({ code: 'PARTIAL_FAILURE' });
    expect((await readRun(ports, run)).fence.database.problem).toBeUndefined();
  });
});

it('a failover that is resumed goes before a younger drill', async () => {
  const { ports, ids, clock } = await protectedWorld();
  ports.instances.lacking = [{ code: 'DR_NETWORK_MISSING', subject: 's', text: 'no subnet group' }];
  expect((await finishRun(ports, await start(ports, ids[0] ?? ''))).state).toBe('blocked');
  ports.instances.lacking = [];
  clock.passMinutes(1);
  await drill(ports);
  const asked: string[] = [];
  const { status } = ports.instances;
  ports.instances.status = async (name) => {
    asked.push(name.slice(0, 13));
    return status(name);
  };
  await start(ports, ids[0] ?? '');
  expect(asked[0]).toBe('hbdr-failover');
});
