import { describe, expect, it } from 'vitest';
import { advance } from '../../src/jobs/advance.ts';
import { capture } from '../../src/jobs/points/capture.ts';
import { startDrill } from '../../src/jobs/recovery/drill.ts';
import { countCalls } from '../setup/counting.ts';
import { finishRun, protectedWorld, settle } from '../setup/memory-recovery.ts';
import { testPolicy } from '../setup/policy.ts';
import { start } from '../setup/recovery-requests.ts';
import type { MemoryPorts } from '../world/ports.ts';

const advancing = (ports: MemoryPorts) => countCalls(ports, (counted) => advance(counted, testPolicy));

/** The inspector answers when the test says so, as it does on AWS: after the pass that asked. */
function lateInspector(ports: MemoryPorts): () => Promise<void> {
  const { start: inspect } = ports.inspection;
  const asked: (() => Promise<void>)[] = [];
  ports.inspection.start = async (request) => void asked.push(() => inspect(request));
  return async () => {
    for (const answer of asked.splice(0)) await answer();
  };
}

async function capturing(): Promise<MemoryPorts> {
  const { ports } = await protectedWorld(0);
  for (let n = 0; n < 3; n += 1) ports.primaryArtifacts.plant(`core/p${n}.hart`, Buffer.from('x'));
  await capture(ports, testPolicy, { kind: 'manual', at: ports.clock() });
  return ports;
}

/** The most calls of the passes that take everything in the world to its rest. */
async function busiest(ports: MemoryPorts, answer = async () => {}): Promise<number> {
  let most = 0;
  for (let n = 0; n < 12; n += 1) {
    most = Math.max(most, (await advancing(ports)).length);
    settle(ports);
    await answer();
  }
  return most;
}

describe('what a pass asks of the world, with one point', () => {
  it('is eight calls at most when nothing is in flight: each list and each document once, and once more which failovers there are', async () => {
    const { ports } = await protectedWorld(1);
    const calls = await advancing(ports);
    expect(calls.length).toBeLessThanOrEqual(8);
    expect(new Set(calls).size).toBe(calls.length - 1);
  });

  it('is 28 calls at most while the point is made: one more shows what was deleted before anybody had copied it', async () => {
    expect(await busiest(await capturing())).toBeLessThanOrEqual(28);
  });

  it('is 47 calls at most for the start of a failover: it is taken in hand, the list of its point read, its point pinned, its first pass made, with a look at what is wanted after each half of the fence', async () => {
    const { ports, ids } = await protectedWorld(1);
    const calls = await countCalls(ports, (counted) => start(counted, ids[0] ?? ''));
    expect(calls.length).toBeLessThanOrEqual(47);
  });

  it('is 39 calls at most in a failover: its verdict, the last look at the fence, the cut-over and the smoke test are one pass', async () => {
    const { ports, ids } = await protectedWorld(1);
    const answer = lateInspector(ports);
    const run = await start(ports, ids[0] ?? '');
    expect(await busiest(ports, answer)).toBeLessThanOrEqual(39);
    expect((await finishRun(ports, run)).state).toBe('done');
  });

  it('is 25 calls at most in a drill', async () => {
    const { ports } = await protectedWorld(1);
    const answer = lateInspector(ports);
    const run = await startDrill(ports, testPolicy, {
      kind: 'drill',
      point: 'latest',
      readAll: false,
      at: ports.clock(),
    });
    expect(await busiest(ports, answer)).toBeLessThanOrEqual(25);
    expect((await finishRun(ports, run)).state).toBe('passed');
  });
});

describe('what more there is', () => {
  it('adds one call a pass: for each point that rests, and for each run', async () => {
    const idle = (await advancing((await protectedWorld(1)).ports)).length;
    for (const points of [2, 5]) {
      expect((await advancing((await protectedWorld(points)).ports)).length).toBe(idle + points - 1);
    }
    const { ports, clock } = await protectedWorld(1);
    for (const runs of [1, 2, 3]) {
      clock.passMinutes(1);
      await finishRun(
        ports,
        await startDrill(ports, testPolicy, { kind: 'drill', point: 'latest', readAll: false, at: clock.now }),
      );
      expect((await advancing(ports)).length).toBe(idle + runs);
    }
  });
});
