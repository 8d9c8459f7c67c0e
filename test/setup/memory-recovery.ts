import { gzipSync } from 'node:zlib';
import { pointIdAt, snapshotName } from '../../src/core/ids.ts';
import type { Point } from '../../src/core/points/documents.ts';
import type { Ports } from '../../src/core/ports/all.ts';
import { isMoving } from '../../src/core/recovery/lifecycle.ts';
import { type Run, runSchema } from '../../src/core/recovery/run.ts';
import { advance } from '../../src/jobs/advance.ts';
import { encode, readDocument } from '../../src/jobs/vault/documents.ts';
import { runKey } from '../../src/jobs/vault/runs.ts';
import { type MemoryPorts, memoryPorts } from '../world/ports.ts';
import { protectedPoint } from './observations.ts';
import { TestClock, testPolicy } from './policy.ts';

/** A world in memory with protected points of so many artifacts, the newest one an hour old. */
export async function protectedWorld(
  points = 2,
  artifacts = 9,
): Promise<{ clock: TestClock; ports: MemoryPorts; ids: string[] }> {
  const clock = new TestClock('2026-11-22T14:05:00Z');
  const ports = memoryPorts(clock.read);
  const ids: string[] = [];
  for (let n = points; n > 0; n -= 1) {
    const at = new Date(clock.now.getTime() - n * 3_600_000);
    const id = pointIdAt(at);
    const point: Point = {
      ...protectedPoint(id, at.toISOString()),
      artifacts: { ...complete(at, artifacts), key: `inventory/${id}` },
    };
    await ports.vault.put(`points/${id}.json`, encode(point), undefined);
    await ports.vault.putBytes(`inventory/${id}`, listOf(artifacts, at), undefined);
    await ports.database.copyToDr({ name: snapshotName(id), sourceArn: await snapshotOf(ports, id), pointId: id });
    ids.unshift(id);
  }
  ports.database.finish('held');
  return { clock, ports, ids };
}

/** The inventory of so many artifacts. */
export function listOf(artifacts: number, at: Date): Buffer {
  const entry = (n: number) => ({ key: `core/p${n}.hart`, size: 1, etag: '"x"', lastModified: at.toISOString() });
  return gzipSync(Array.from({ length: artifacts }, (_none, n) => `${JSON.stringify(entry(n))}\n`).join(''));
}

const complete = (at: Date, count: number) => ({
  state: 'complete' as const,
  listedAt: at.toISOString(),
  count,
  bytes: count,
  completeAt: at.toISOString(),
  deletedInWindow: [],
});

async function snapshotOf(ports: MemoryPorts, id: string): Promise<string> {
  await ports.database.capture(snapshotName(id), id);
  ports.database.finish('snapshots');
  return ports.database.snapshots.get(snapshotName(id))?.arn ?? '';
}

export async function readRun<R extends Run>(ports: Ports, run: R): Promise<R> {
  return (await readDocument(ports.vault, runKey(run), runSchema))?.value as R;
}

/** AWS finishes what it was asked for. */
export function settle(ports: MemoryPorts): void {
  ports.instances.finish();
  ports.fence.finish();
  ports.database.finish('snapshots');
  ports.database.finish('held');
}

/** Advances, as the tick does, until the run waits for nobody but its operator. */
export async function finishRun<R extends Run>(ports: MemoryPorts, run: R): Promise<R> {
  for (let round = 0; round < 40; round += 1) {
    const now = await readRun(ports, run);
    if (!isMoving(now)) return now;
    await advance(ports, testPolicy);
    settle(ports);
  }
  throw new Error(`${run.kind} ${run.id} does not end: ${JSON.stringify((await readRun(ports, run)).history)}`);
}
