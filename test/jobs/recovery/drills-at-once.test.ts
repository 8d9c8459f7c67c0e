import { describe, expect, it } from 'vitest';
import { addMinutes } from '../../../src/core/ids.ts';
import type { Run } from '../../../src/core/recovery/run.ts';
import { startDrill } from '../../../src/jobs/recovery/drill.ts';
import { readPoints } from '../../../src/jobs/vault/points.ts';
import { dyingPorts } from '../../setup/dying.ts';
import { finishRun, protectedWorld, readRun } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { start } from '../../setup/recovery-requests.ts';
import { everyTurn } from '../../setup/turns.ts';
import type { MemoryPorts } from '../../world/ports.ts';

/** Asked for by somebody whose clock, or schedule, is so far from the other's. */
const drillAt =
  (minutes: number, point = 'latest') =>
  (ports: MemoryPorts) =>
    startDrill(ports, testPolicy, { kind: 'drill', point, readAll: false, at: addMinutes(ports.clock(), minutes) });
const alarmTestAt = (minutes: number) => (ports: MemoryPorts) =>
  startDrill(ports, testPolicy, { kind: 'alarm-test', point: 'latest', at: addMinutes(ports.clock(), minutes) });
const records = async ({ vault }: MemoryPorts) => (await vault.list('drills/')).map(({ key }) => key);
const pins = async ({ vault }: MemoryPorts) =>
  (await readPoints(vault)).points.flatMap((point) => (point.pins ?? []).map(({ run }) => `${point.id} ${run}`));

describe('two drills that are started at once', () => {
  it.each([
    ['by two operators', drillAt(0), drillAt(1)],
    ['by the schedule and by hand, whose clocks disagree', drillAt(1), drillAt(0)],
    ['one of them an alarm test', drillAt(0), alarmTestAt(1)],
  ])('are one, which both answer, whatever comes between their calls: %s', async (_name, first, second) => {
    const turns = await everyTurn(
      async () => (await protectedWorld(2, 0)).ports,
      first,
      second,
      async (ports, ends, where) => {
        const [one, other] = ends as Run[];
        expect([where, one?.id, await records(ports)]).toEqual([where, other?.id, [`drills/${one?.id}.json`]]);
        expect([where, (await pins(ports)).length]).toEqual([where, 1]);
      },
    );
    expect(turns).toBeGreaterThan(100);
  });

  it('of two points leave no pin, no instance and no secret behind', async () => {
    await everyTurn(
      async () => (await protectedWorld(2, 0)).ports,
      drillAt(0),
      async (ports) => drillAt(1, (await readPoints(ports.vault)).points[0]?.id)(ports),
      async (ports, [one]) => {
        expect((await finishRun(ports, one as Run)).state).toBe('passed');
        expect([await pins(ports), ports.instances.held.size, ports.secrets.values.size]).toEqual([[], 0, 0]);
        expect(ports.instances.restores).toHaveLength(1);
      },
      [12, 3],
    );
  });
});

describe('a drill whose process dies while it begins', () => {
  it.each(['before', 'after'] as const)(
    '%s any call is begun by whoever comes next, or is not, and is alone',
    async (when) => {
      for (let call = 1; ; call += 1) {
        const { ports, clock } = await protectedWorld(2, 0);
        const died = await drillAt(0)(dyingPorts(ports, call, when)).then(
          () => false,
          () => true,
        );
        if (!died) return;
        clock.passMinutes(1);
        const next = await drillAt(0)(ports);
        expect([call, await records(ports)]).toEqual([call, [`drills/${next.id}.json`]]);
        expect((await finishRun(ports, next)).state).toBe('passed');
        clock.passMinutes(1);
        expect((await drillAt(0)(ports)).id).not.toBe(next.id);
      }
    },
  );
});

describe('a drill beside a failover', () => {
  it('that are started at once share nothing, and both come to their ends', async () => {
    await everyTurn(
      async () => (await protectedWorld(2, 0)).ports,
      drillAt(0),
      async (ports) => start(ports, (await readPoints(ports.vault)).points.at(-1)?.id ?? ''),
      async (ports, ends) => {
        const [drill, failover] = ends as Run[];
        const names = ports.instances.restores;
        expect(new Set(names).size).toBe(names.length);
        if (failover) expect((await finishRun(ports, failover)).state).toBe('done');
        if (drill?.kind === 'drill') {
          const ended = await finishRun(ports, await readRun(ports, drill));
          expect(ended.state).toBe('passed');
          expect([...ports.instances.held.keys()].filter((name) => name.startsWith('hbdr-drill'))).toEqual([]);
        }
      },
      [8, 6],
    );
  });
});
