import { describe, expect, it } from 'vitest';
import { isOver } from '../../../src/core/recovery/lifecycle.ts';
import { isProduction } from '../../../src/core/recovery/run.ts';
import type { DrError } from '../../../src/errors.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { abortFailover } from '../../../src/jobs/recovery/call-off.ts';
import { readDirection } from '../../../src/jobs/vault/direction.ts';
import { encode } from '../../../src/jobs/vault/documents.ts';
import { readRuns } from '../../../src/jobs/vault/runs.ts';
import { dyingPorts } from '../../setup/dying.ts';
import { finishRun, protectedWorld, settle } from '../../setup/memory-recovery.ts';
import { type TestClock, testPolicy } from '../../setup/policy.ts';
import { start } from '../../setup/recovery-requests.ts';
import { everyTurn } from '../../setup/turns.ts';
import type { MemoryPorts } from '../../world/ports.ts';

const POINT = '20261122t130500z';
let clock: TestClock;
const newWorld = async () => {
  const world = await protectedWorld(1);
  clock = world.clock;
  return world.ports;
};
const starting = (ports: MemoryPorts) => start(ports, POINT);
/** Whoever started it has a clock of his own: it has another id. */
const startingLater = (ports: MemoryPorts) =>
  start({ ...ports, clock: () => new Date(ports.clock().getTime() + 60_000) }, POINT);

async function passes(ports: MemoryPorts, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    settle(ports);
    clock.passMinutes(1);
    await advance(ports, testPolicy).catch(() => undefined);
  }
}
/** By then a start has its record written, and seen that it is in hand. */
const CALLS_OF_A_START = 14;
/** By then an abort has swapped the direction and its record. */
const CALLS_OF_AN_ABORT = 10;
/** Whoever meets another one has met nothing that is wrong with the product. */
const defects = (end: unknown): string =>
  end instanceof Error && /defect|cannot go from/.test(`${end.message} ${(end as DrError).hint}`) ? String(end) : '';
const failovers = async (ports: MemoryPorts) => (await readRuns(ports.vault)).runs.filter(isProduction);
const groups = (ports: MemoryPorts) => ports.fence.state.groups.map(({ id }) => id);

describe('of two failovers that are started at once, at whichever calls they meet', () => {
  it('one cuts over and the other ends; after a failback neither touches the live primary', async () => {
    const turns = await everyTurn(
      newWorld,
      starting,
      startingLater,
      async (ports, ends, where) => {
        expect([where, ...ends.map(defects)]).toEqual([where, '', '']);
        await passes(ports, 8);
        const states = (await failovers(ports)).map(({ state }) => state).toSorted();
        expect([where, states.filter((each) => each !== 'aborted')]).toEqual([where, ['done']]);
        const { inHand, direction } = await readDirection(ports.vault);
        expect([where, direction, inHand]).toEqual([where, 'none', undefined]);
        expect([where, await advance(ports, testPolicy).catch(String)]).toEqual([where, expect.objectContaining({})]);
        // Home again, on an instance that nothing fences.
        const home = {
          schema: 'direction/1',
          direction: 'primary→dr',
          epoch: 9,
          changedAt: ports.clock().toISOString(),
        };
        await ports.vault.put('direction.json', encode(home), (await ports.vault.get('direction.json'))?.etag);
        ports.fence.state = { status: 'available', groups: [{ id: 'sg-live', status: 'active' }] };
        await passes(ports, 3);
        const after = await readDirection(ports.vault);
        expect([where, after.direction, after.epoch, groups(ports)]).toEqual([where, 'primary→dr', 9, ['sg-live']]);
      },
      [CALLS_OF_A_START, CALLS_OF_A_START],
    );
    expect(turns).toBe(CALLS_OF_A_START ** 2);
  });

  it('an abort that says so has called off whatever could cut over', async () => {
    await everyTurn(
      newWorld,
      starting,
      startingLater,
      async (ports, ends, where) => {
        expect([where, ...ends.map(defects)]).toEqual([where, '', '']);
        const { run } = await abortFailover(ports, testPolicy);
        await passes(ports, 8);
        const { inHand, direction } = await readDirection(ports.vault);
        expect([where, run.state, direction, inHand]).toEqual([where, 'aborted', 'primary→dr', undefined]);
        expect([where, (await failovers(ports)).every(isOver), groups(ports)]).toEqual([where, true, ['sg-builder']]);
      },
      [CALLS_OF_A_START, CALLS_OF_A_START],
    );
  });
});

describe('a start that dies at any call', () => {
  it('leaves a failover in hand that goes on, or nothing that binds anybody', async () => {
    const seen = new Set<string>();
    for (const when of ['before', 'after'] as const) {
      for (let n = 1, died = true; died; n += 1) {
        const ports = await newWorld();
        const doomed = dyingPorts(ports, n, when) as MemoryPorts;
        died = await starting(doomed).then(
          () => false,
          () => true,
        );
        await passes(ports, 14);
        const states = (await failovers(ports)).map(({ state }) => state);
        const { inHand, direction } = await readDirection(ports.vault);
        seen.add(`${direction} ${states}`);
        expect([n, when, inHand]).toEqual([n, when, undefined]);
        if (direction === 'none') continue;
        const again = await finishRun(ports, await starting(ports));
        expect([n, when, again.state]).toEqual([n, when, 'done']);
      }
    }
    expect([...seen].toSorted()).toEqual(['none done', 'primary→dr ']);
  });
});

describe('an abort and a pass at once', () => {
  it.each([
    ['the abort first', 0],
    ['the pass first', 1],
  ])('one of them has decided, at whichever calls they meet: %s', async (_which, order) => {
    /** Right before its verdict: the pass that comes cuts over. */
    const atItsVerdict = async () => {
      const ports = await newWorld();
      await starting(ports);
      await passes(ports, 4);
      settle(ports);
      return ports;
    };
    const aborting = (ports: MemoryPorts) => abortFailover(ports, testPolicy);
    const passing = (ports: MemoryPorts) => advance(ports, testPolicy);
    const [first, second] = order === 0 ? ([aborting, passing] as const) : ([passing, aborting] as const);
    const ended = new Set<string>();
    const within: [number, number] = order === 0 ? [CALLS_OF_AN_ABORT, 99] : [99, CALLS_OF_AN_ABORT];
    const look = async (ports: MemoryPorts, ends: [unknown, unknown], where: string) => {
      expect([where, ...ends.map(defects)]).toEqual([where, '', '']);
      const aborted = !(ends[order] instanceof Error);
      await passes(ports, 3);
      const { direction } = await readDirection(ports.vault);
      const [run] = await failovers(ports);
      ended.add(String(run?.state));
      expect([where, direction, run?.state]).toEqual([
        where,
        ...(aborted ? ['primary→dr', 'aborted'] : ['none', 'done']),
      ]);
      expect([where, groups(ports)]).toEqual([where, [aborted ? 'sg-builder' : 'sg-fence']]);
    };
    await everyTurn(atItsVerdict, first, second, look, within);
    expect([...ended].toSorted()).toEqual(['aborted', 'done']);
  });
});
