import { describe, expect, it } from 'vitest';
import { emailText } from '../../../src/core/notices/as-email.ts';
import { ROLE_TAG } from '../../../src/core/recovery/restore-request.ts';
import { isProduction, type ProductionRun } from '../../../src/core/recovery/run.ts';
import { DrError } from '../../../src/errors.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { type AbortReport, abortFailover } from '../../../src/jobs/recovery/call-off.ts';
import { failoverStatus } from '../../../src/jobs/recovery/leftovers.ts';
import { readSiteFence } from '../../../src/jobs/recovery/site-fence.ts';
import { readDirection } from '../../../src/jobs/vault/direction.ts';
import { encode } from '../../../src/jobs/vault/documents.ts';
import { readRuns } from '../../../src/jobs/vault/runs.ts';
import { Killed } from '../../setup/dying.ts';
import { protectedWorld, settle } from '../../setup/memory-recovery.ts';
import { type TestClock, testPolicy } from '../../setup/policy.ts';
import { start } from '../../setup/recovery-requests.ts';
import { everyStop } from '../../setup/turns.ts';
import type { MemoryPorts } from '../../world/ports.ts';

const POINT = '20261122t130500z';
let clock: TestClock;
/** What was done to each half of the primary, in order. */
let changes: string[];
const aborting = (ports: MemoryPorts) => abortFailover(ports, testPolicy);

async function passes(ports: MemoryPorts, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    settle(ports);
    clock.passMinutes(1);
    await advance(ports, testPolicy).catch(() => undefined);
  }
}

function noteChanges({ fence }: MemoryPorts): void {
  const { setGroups, setBucketPolicy } = fence;
  changes = [];
  fence.setGroups = async (groups) => {
    changes.push(groups.includes('sg-fence') ? 'database closed' : 'database opened');
    return setGroups(groups);
  };
  fence.setBucketPolicy = async (policy) => {
    changes.push(policy?.includes('BuilderDrFence') ? 'bucket closed' : 'bucket opened');
    return setBucketPolicy(policy);
  };
}

/** A failover after so many passes; after four the next pass cuts over. */
const inHandAfter = (count: number) => async () => {
  const world = await protectedWorld(1);
  clock = world.clock;
  noteChanges(world.ports);
  await start(world.ports, POINT);
  await passes(world.ports, count);
  settle(world.ports);
  return world.ports;
};

const failovers = async (ports: MemoryPorts) => (await readRuns(ports.vault)).runs.filter(isProduction);
const groups = (ports: MemoryPorts) => ports.fence.state.groups.filter((each) => each.status !== 'removing');
const isClosed = (ports: MemoryPorts) =>
  groups(ports).every(({ id }) => id === 'sg-fence') && ports.fence.policy?.includes('BuilderDrFence') === true;

/** Every instance that anybody was given a line for that deletes it. */
async function toBeDeleted(ports: MemoryPorts, end: unknown): Promise<string[]> {
  const said = [...ports.notifier.messages.map(emailText), JSON.stringify([end, await failoverStatus(ports)])];
  const lines = said.join('\n').matchAll(/delete-db-instance [^"\n]*?--db-instance-identifier ([\w-]+)/g);
  return [...new Set([...lines].map(([, name]) => name ?? ''))].toSorted();
}

/** Closed, and what the late one has opened was the next thing that it closed. */
function lookAtFence(ports: MemoryPorts, where: string): void {
  const since = changes.slice(changes.lastIndexOf('over') + 1);
  const opened = since.flatMap((each, n) => (each.endsWith('opened') ? [[each, since[n + 1]]] : []));
  expect([where, isClosed(ports), opened.length <= 1]).toEqual([where, true, true]);
  for (const [each, next] of opened) expect([where, next]).toEqual([where, each?.replace('opened', 'closed')]);
}

/** Whoever swaps the direction by them has no more calls after it. */
function dyingAtItsSwap(ports: MemoryPorts): MemoryPorts {
  let isDead = false;
  const alive = <T extends object>(port: T): T =>
    new Proxy(port, {
      get(target, name) {
        const value = Reflect.get(target, name) as unknown;
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]) => {
          if (isDead) throw new Killed(String(name));
          const answer = await (value as (...all: unknown[]) => unknown).apply(target, args);
          isDead = name === 'put' && args[0] === 'direction.json';
          return answer;
        };
      },
    });
  const { vault, signals, notifier, fence, instances } = ports;
  return {
    ...ports,
    vault: alive(vault),
    signals: alive(signals),
    notifier: alive(notifier),
    fence: alive(fence),
    instances: alive(instances),
  };
}

/** The failover that serves is as it was, whatever an abort has done that came too late. */
async function lookAtServing(ports: MemoryPorts, serving: ProductionRun, end: unknown, where: string): Promise<void> {
  const direction = await readDirection(ports.vault);
  const { inHand, failover } = direction;
  expect([where, direction.direction, failover, inHand]).toEqual([where, 'none', serving.id, undefined]);
  expect([where, serving.state]).toEqual([where, 'done']);
  const { run, groups: before, liftedAt } = (await readSiteFence(ports.vault)) ?? {};
  expect([where, run, before, liftedAt]).toEqual([where, serving.id, ['sg-builder'], undefined]);
  const instance = serving.attempts.at(-1)?.instance ?? '';
  expect([where, ports.instances.held.get(instance)?.tags[ROLE_TAG]]).not.toEqual([where, 'aborted']);
  expect([where, await toBeDeleted(ports, end)]).not.toEqual([where, expect.arrayContaining([instance])]);
  lookAtFence(ports, where);
  await passes(ports, 3);
  const [after] = (await failovers(ports)).filter(({ id }) => id === serving.id);
  const confirmed = [after?.fence.database, after?.fence.bucket].map((half) => half?.confirmedAt !== undefined);
  expect([where, after?.state, isClosed(ports), confirmed]).toEqual([where, 'done', true, [true, true]]);
}

/** It was called off, and everything is as if it had never begun. */
async function lookAtAborted(ports: MemoryPorts, end: unknown, where: string): Promise<void> {
  const [run] = await failovers(ports);
  const { direction, inHand } = await readDirection(ports.vault);
  expect([where, direction, inHand, run?.state]).toEqual([where, 'primary→dr', undefined, 'aborted']);
  await passes(ports, 3);
  const { liftedAt } = (await readSiteFence(ports.vault)) ?? { liftedAt: 'never raised' };
  expect([where, groups(ports).map(({ id }) => id), typeof liftedAt]).toEqual([where, ['sg-builder'], 'string']);
  const { kept, run: told } = end as AbortReport;
  expect([where, told.state, kept]).toEqual([where, 'aborted', [...ports.instances.held.keys()]]);
  expect([where, await toBeDeleted(ports, end)]).toEqual([where, kept]);
}

const tooLate = (end: unknown) =>
  end instanceof DrError && end.code === 'BAD_USAGE' && /before its cut-over only/.test(end.message);

describe('an abort that stalls before any of its calls', () => {
  it.each([
    ['begun', 0, 1],
    ['restoring', 2, 1],
    ['about to cut over', 4, 1],
  ])(
    'while the failover goes on to its end, which was %s: whoever swapped the direction has decided',
    async (_what, after, atLeast) => {
      const came = { done: 0, aborted: 0 };
      const stops = await everyStop(
        inHandAfter(after),
        aborting,
        async (ports) => {
          await passes(ports, 12);
          changes.push('over');
        },
        async (ports, end, where) => {
          const [run] = await failovers(ports);
          if (!run) throw new Error(`${where}: no failover`);
          if (run.state === 'aborted') {
            came.aborted += 1;
            return lookAtAborted(ports, end, where);
          }
          came.done += 1;
          expect([where, tooLate(end) || end]).toEqual([where, true]);
          await lookAtServing(ports, run, end, where);
        },
      );
      expect([came.done + came.aborted, came.done >= atLeast, came.aborted >= atLeast]).toEqual([stops, true, true]);
    },
  );

  it('while the pass that cuts over dies before it has said so in the record: nothing is taken from that failover', async () => {
    let came = 0;
    await everyStop(
      inHandAfter(4),
      aborting,
      async (ports) => {
        await advance(dyingAtItsSwap(ports), testPolicy).catch(() => undefined);
        changes.push('over');
      },
      async (ports, end, where) => {
        const { direction, inHand } = await readDirection(ports.vault);
        const [run] = await failovers(ports);
        if (direction === 'primary→dr') return lookAtAborted(ports, end, where);
        came += 1;
        expect([where, tooLate(end) || end, run?.state]).toEqual([where, true, 'cutting-over']);
        expect([where, inHand?.run]).toEqual([where, run?.id]);
        await passes(ports, 3);
        const [done] = await failovers(ports);
        if (done) await lookAtServing(ports, done, end, where);
      },
    );
    expect(came).toBeGreaterThan(3);
  });

  it.each([
    ['in hand', 'goes to its end', 12],
    ['in hand', 'has its fence confirmed', 3],
    ['called off before, and open again', 'goes to its end', 12],
  ])(
    'while its own was %s, and another one begins that %s: it has called off the first, and no more',
    async (was, _does, count) => {
      const opened = new Set<string>();
      const world = async () => {
        const ports = await inHandAfter(4)();
        if (was !== 'in hand') await aborting(ports);
        settle(ports);
        return ports;
      };
      await everyStop(
        world,
        aborting,
        async (ports) => {
          await aborting(ports).catch(() => undefined);
          if (was === 'in hand') await passes(ports, 3);
          clock.passMinutes(1);
          await start(ports, POINT);
          await passes(ports, count);
          const second = (await failovers(ports)).at(-1);
          expect([second?.fence.database, second?.fence.bucket].map((half) => half?.confirmedAt)).not.toContain(
            undefined,
          );
          changes.push('over');
        },
        async (ports, end, where) => {
          const [first, second] = await failovers(ports);
          if (!first || !second) throw new Error(`${where}: not two failovers`);
          for (const each of changes.slice(changes.indexOf('over'))) opened.add(each);
          // Before its first look at the direction it has met the second one alone.
          if (!tooLate(end) && (end as AbortReport).run?.id !== second.id) {
            const { run, kept } = end as AbortReport;
            expect([where, run?.id, run?.state]).toEqual([where, first.id, 'aborted']);
            expect([where, kept]).toEqual([where, first.attempts.map(({ instance }) => instance)]);
          }
          expect([where, first.state]).toEqual([where, 'aborted']);
          if (second.state === 'aborted') {
            expect([where, (end as AbortReport).run.id]).toEqual([where, second.id]);
            return;
          }
          if (count < 12) lookAtFence(ports, where);
          if (count < 12) await passes(ports, 12);
          const serving = (await failovers(ports)).at(-1);
          if (serving) await lookAtServing(ports, serving, end, where);
        },
      );
      // It did come to the worst, which is what this is about.
      if (was === 'in hand') expect([...opened]).toEqual(expect.arrayContaining(['database opened', 'bucket opened']));
    },
  );

  it('while the failover goes to its end and home again: it calls nothing off, and says nothing of what is in force', async () => {
    await everyStop(
      inHandAfter(4),
      aborting,
      async (ports) => {
        await passes(ports, 12);
        if ((await readDirection(ports.vault)).direction === 'primary→dr') return;
        const home = { schema: 'direction/2', direction: 'primary→dr', epoch: 9, changedAt: clock.now.toISOString() };
        await ports.vault.put('direction.json', encode(home), (await ports.vault.get('direction.json'))?.etag);
        await ports.vault.remove('fence.json');
        ports.fence.state = { status: 'available', groups: [{ id: 'sg-live', status: 'active' }] };
        changes = [];
      },
      async (ports, end, where) => {
        const [run] = await failovers(ports);
        if (run?.state === 'aborted') return;
        expect([where, tooLate(end) || end, run?.state]).toEqual([where, true, 'done']);
        expect([where, String(end).includes('in force'), changes]).toEqual([where, false, []]);
        expect([where, (await readDirection(ports.vault)).epoch]).toEqual([where, 9]);
        expect([where, await toBeDeleted(ports, end)]).toEqual([where, []]);
      },
    );
  });
});
