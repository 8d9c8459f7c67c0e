import { beforeEach, describe, expect, it } from 'vitest';
import type { Direction } from '../../../src/core/recovery/direction.ts';
import { isProduction, type ProductionRun } from '../../../src/core/recovery/run.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { readDirection } from '../../../src/jobs/vault/direction.ts';
import { encode } from '../../../src/jobs/vault/documents.ts';
import { readRuns, runKey } from '../../../src/jobs/vault/runs.ts';
import { finishRun, protectedWorld, readRun, settle } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { start } from '../../setup/recovery-requests.ts';
import type { MemoryPorts } from '../../world/ports.ts';

let ports: MemoryPorts;
let at: string;
/** Of every state that a failover stands in, its record as it was then. */
const records = new Map<string, ProductionRun>();

async function write(key: string, value: unknown): Promise<void> {
  await ports.vault.put(key, encode(value), (await ports.vault.get(key))?.etag);
}
async function passes(count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    settle(ports);
    await advance(ports, testPolicy).catch(() => undefined);
  }
}
const directionBut = (change: Partial<Direction>): Direction => ({
  schema: 'direction/2',
  direction: 'primary→dr',
  epoch: 0,
  changedAt: at,
  ...change,
});

beforeEach(async () => {
  const world = await protectedWorld(1);
  ports = world.ports;
  at = ports.clock().toISOString();
  const { put } = ports.vault;
  const noting = {
    ...ports.vault,
    put: (key: string, body: string, etag: string | undefined) => {
      const value = key.startsWith('failovers/') && key.endsWith('.json') ? (JSON.parse(body) as ProductionRun) : null;
      if (value && isProduction(value)) records.set(value.state, value);
      return put(key, body, etag);
    },
  };
  await finishRun({ ...ports, vault: noting }, await start({ ...ports, vault: noting }, world.ids[0] ?? ''));
});

const beforeItsSwap = ['planned', 'fencing', 'restoring', 'inspecting', 'healing+verifying', 'cutting-over'];
/** What the direction may say of a failover that is not in hand; each of another history. */
const elsewhere: Record<string, Partial<Direction>> = {
  'nobody is in hand': {},
  'its epoch has passed': { epoch: 9 },
  'another one has cut over': { direction: 'none', epoch: 1, failover: '20261122t140600z' },
  'another one is in force, protected already': { direction: 'dr→primary', epoch: 2, failover: '20261122t140600z' },
};

describe('a failover that is not in hand', () => {
  it.each(beforeItsSwap.flatMap((state) => Object.keys(elsewhere).map((which) => [state, which] as const)))(
    'ends in `%s` when %s, and leaves the direction as it is',
    async (state, which) => {
      const run = records.get(state);
      if (!run) throw new Error(`no failover was ${state}`);
      const direction = directionBut(elsewhere[which] ?? {});
      const passed = which === 'its epoch has passed' ? { inHand: { run: run.id, epoch: 1, attempt: 1 } } : {};
      await write(runKey(run), run);
      await write('direction.json', { ...direction, ...passed });
      await passes(3);
      expect((await readRun(ports, run)).state).toBe('aborted');
      const { inHand, ...after } = await readDirection(ports.vault);
      expect([after, inHand]).toEqual([direction, undefined]);
    },
  );

  it('stays as it is once it has ended, or has cut over itself and goes on to `done`', async () => {
    const done = records.get('done');
    const smoking = records.get('smoke-testing');
    if (!done || !smoking) throw new Error('nothing was done');
    await write('direction.json', directionBut({ epoch: 9 }));
    const before = await ports.vault.get(runKey(done));
    await passes(2);
    expect(await ports.vault.get(runKey(done))).toEqual(before);
    await write(runKey(smoking), smoking);
    await passes(3);
    const { runs } = await readRuns(ports.vault);
    expect(runs.map(({ state }) => state)).toEqual(['done']);
  });
});
