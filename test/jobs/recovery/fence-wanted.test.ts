import { describe, expect, it } from 'vitest';
import { isConfirmed } from '../../../src/core/recovery/fence.ts';
import type { ProductionRun } from '../../../src/core/recovery/run.ts';
import { DrError } from '../../../src/errors.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { abortFailover } from '../../../src/jobs/recovery/call-off.ts';
import { readDirection } from '../../../src/jobs/vault/direction.ts';
import { encode } from '../../../src/jobs/vault/documents.ts';
import { runKey } from '../../../src/jobs/vault/runs.ts';
import { protectedWorld, readRun, settle } from '../../setup/memory-recovery.ts';
import { type TestClock, testPolicy } from '../../setup/policy.ts';
import { start } from '../../setup/recovery-requests.ts';
import { everyTurn } from '../../setup/turns.ts';
import type { MemoryPorts } from '../../world/ports.ts';

const POINT = '20261122t130500z';
const fenceOf = ({ fence }: MemoryPorts) => [
  fence.state.groups.map(({ id }) => id),
  fence.policy?.includes('BuilderDrFence'),
];
const open = [['sg-builder'], false];
const closed = [['sg-fence'], true];

async function passes(ports: MemoryPorts, clock: TestClock, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    settle(ports);
    clock.passMinutes(1);
    await advance(ports, testPolicy).catch(() => undefined);
  }
}

/** Something else happens once, right before this call of the fence. */
function rightBefore(
  ports: MemoryPorts,
  method: 'database' | 'setGroups' | 'setBucketPolicy',
  act: () => Promise<unknown>,
) {
  const call = ports.fence[method] as (...args: unknown[]) => Promise<unknown>;
  let times = 0;
  (ports.fence as unknown as Record<string, unknown>)[method] = async (...args: unknown[]) => {
    times += 1;
    if (times === 1) await act();
    return call.apply(ports.fence, args);
  };
}

describe('a pass that closes the primary, and an abort', () => {
  /** A failover whose fence is not begun: the primary was dark, and answers again. */
  async function unfenced() {
    const { ports, clock } = await protectedWorld(1);
    ports.fence.dark = true;
    ports.inspection.start = async () => undefined;
    const run = await start(ports, POINT);
    ports.fence.dark = false;
    return { ports, clock, run };
  }

  it.each(['setGroups', 'setBucketPolicy'] as const)(
    'leave it open, also where the abort has ended right before `%s`',
    async (method) => {
      const { ports, clock, run } = await unfenced();
      rightBefore(ports, method, () => abortFailover(ports, testPolicy));
      await passes(ports, clock, 3);
      settle(ports);
      expect([(await readRun(ports, run)).state, ...fenceOf(ports)]).toEqual(['aborted', ...open]);
    },
  );

  it('leave it open, at whichever calls they meet', async () => {
    let clock: TestClock | undefined;
    const world = async () => {
      const made = await unfenced();
      clock = made.clock;
      return made.ports;
    };
    const turns = await everyTurn(
      world,
      (ports) => advance(ports, testPolicy),
      (ports) => abortFailover(ports, testPolicy),
      async (ports, _ends, where) => {
        if (clock) await passes(ports, clock, 3);
        settle(ports);
        expect([where, ...fenceOf(ports)]).toEqual([where, ...open]);
      },
    );
    expect(turns).toBeGreaterThan(200);
  });
});

describe('an abort that is slower than the next failover', () => {
  /** Called off while the primary was dark: the fence is still there. The next one cuts over. */
  async function called() {
    const { ports, clock } = await protectedWorld(1);
    const first = await start(ports, POINT);
    await passes(ports, clock, 1);
    ports.fence.refused = new DrError('THROTTLED', 'SlowDown');
    await abortFailover(ports, testPolicy);
    ports.fence.refused = undefined;
    settle(ports);
    clock.passMinutes(1);
    let second: ProductionRun | undefined;
    const cutsOver = async () => {
      second = await start(ports, POINT);
      for (let n = 0; n < 12 && second.state !== 'done'; n += 1) {
        await passes(ports, clock, 1);
        second = await readRun(ports, second);
      }
      expect([second.state, (await readDirection(ports.vault)).direction, ...fenceOf(ports)]).toEqual([
        'done',
        'none',
        ...closed,
      ]);
    };
    const seen = async () => {
      const now = second && (await readRun(ports, second));
      return [now && isConfirmed(now.fence), ...fenceOf(ports)];
    };
    return { ports, clock, first, cutsOver, seen };
  }

  it('opens nothing once the other one is in force', async () => {
    const { ports, cutsOver, seen } = await called();
    rightBefore(ports, 'database', cutsOver);
    const acts: string[] = [];
    const { setGroups, setBucketPolicy } = ports.fence;
    let late = false;
    ports.fence.setGroups = async (groups) => {
      if (late) acts.push(groups.join());
      return setGroups(groups);
    };
    ports.fence.setBucketPolicy = async (policy) => {
      if (late) acts.push('policy');
      return setBucketPolicy(policy);
    };
    await abortFailover(ports, testPolicy).then(
      () => undefined,
      () => undefined,
    );
    late = true;
    expect(await seen()).toEqual([true, ...closed]);
    expect(acts).toEqual([]);
  });

  it.each(['setGroups', 'setBucketPolicy'] as const)(
    'closes again what it opened by a `%s` that took that long, and the fence is confirmed anew',
    async (method) => {
      const { ports, clock, cutsOver, seen } = await called();
      rightBefore(ports, method, cutsOver);
      await advance(ports, testPolicy).catch(() => undefined);
      settle(ports);
      const [confirmed, ...fence] = await seen();
      expect([confirmed, ...fence]).toEqual([false, ...closed]);
      await passes(ports, clock, 3);
      expect(await seen()).toEqual([true, ...closed]);
    },
  );
});

describe('an abort of a failover that is over', () => {
  it('takes the fence of the one in force not away, although its own record has something left to give back', async () => {
    const { ports, clock } = await protectedWorld(1);
    const run = await start(ports, POINT);
    await passes(ports, clock, 6);
    const done = await readRun(ports, run);
    expect([done.state, ...fenceOf(ports)]).toEqual(['done', ...closed]);
    const { cutOver: _none, ...rest } = done;
    const fence = { ...done.fence, wanted: false };
    const lost: ProductionRun = { ...rest, id: '20261122t235900z', state: 'aborted', fence };
    await ports.vault.put(runKey(lost), encode(lost), undefined);
    expect((await abortFailover(ports, testPolicy)).run.id).toBe(lost.id);
    settle(ports);
    expect(fenceOf(ports)).toEqual(closed);
  });
});
