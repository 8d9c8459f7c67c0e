import { describe, expect, it } from 'vitest';
import { emailText } from '../../../src/core/notices/as-email.ts';
import { current } from '../../../src/core/recovery/lifecycle.ts';
import { encode } from '../../../src/jobs/vault/documents.ts';
import { readPoints } from '../../../src/jobs/vault/points.ts';
import { finishRun, protectedWorld } from '../../setup/memory-recovery.ts';
import { codes, drill, start } from '../../setup/recovery-requests.ts';
import type { MemoryPorts } from '../../world/ports.ts';

/** The oldest points were taken while the primary ran another version. */
async function takenBefore(ports: MemoryPorts, ids: string[], engineVersion: string): Promise<void> {
  for (const point of (await readPoints(ports.vault)).points.filter((each) => ids.includes(each.id))) {
    const key = `points/${point.id}.json`;
    const older = { ...point, database: { ...point.database, engineVersion } };
    await ports.vault.put(key, encode(older), (await ports.vault.get(key))?.etag);
  }
}

describe('a restore into another version than the snapshot had', () => {
  it('of the same major passes a drill, with a warning', async () => {
    const { ports } = await protectedWorld();
    ports.instances.engineVersion = 'postgres 17.12';
    const run = await finishRun(ports, await drill(ports));
    expect([run.state, codes(run)]).toEqual(['passed', ['ENGINE_UPGRADED']]);
  });

  it('of the same major is noted in a failover, which is done', async () => {
    const { ports, ids } = await protectedWorld();
    ports.instances.engineVersion = 'postgres 17.12';
    const run = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect([run.state, run.attempts.length, codes(run)]).toEqual(['done', 1, ['ENGINE_UPGRADED']]);
    expect(ports.notifier.messages.map(emailText).at(-1)).toContain(
      "the restored engine is postgres 17.12, the snapshot's was postgres 17.10",
    );
  });

  it('of another major is blocked after the first, where every point is of the same engine; told to, it takes that very instance', async () => {
    const { ports, ids } = await protectedWorld(3);
    ports.instances.engineVersion = 'postgres 18.1';
    const blocked = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect([blocked.state, ports.instances.restores.length]).toEqual(['blocked', 1]);
    expect(blocked.blocked?.reason).toBe(
      "the restored engine is postgres 18.1, the snapshot's was postgres 17.10; every other point is of the same engine",
    );
    expect(blocked.blocked?.resume).toMatchObject({ point: ids[0], confirm: ids[0], acceptFindings: true });
    await start(ports, ids[0] ?? '', { point: ids[0] ?? '', acceptFindings: true });
    const run = await finishRun(ports, blocked);
    expect([run.state, ports.instances.restores.length, codes(run)]).toEqual(['done', 1, ['ENGINE_UPGRADED']]);
  });

  it('of another major takes the next point that is of another engine, and none between', async () => {
    const { ports, ids } = await protectedWorld(3);
    await takenBefore(ports, ids.slice(1, 2), 'postgres 17.9');
    await takenBefore(ports, ids.slice(2), 'postgres 18.1');
    ports.instances.engineVersion = 'postgres 18.1';
    const run = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect([run.state, current(run).point, ports.instances.restores.length]).toEqual(['done', ids[2], 2]);
  });
});
