import { gunzipSync } from 'node:zlib';
import { instantOfPointId, snapshotName } from '../../src/core/ids.ts';
import type { Point } from '../../src/core/points/documents.ts';
import type { Policy } from '../../src/core/policy.ts';
import { plannedRun } from '../../src/core/recovery/lifecycle.ts';
import type { RunOf } from '../../src/core/recovery/run.ts';
import type { RetentionPolicy } from '../../src/core/settings/retention.ts';
import { vaultKeys } from '../../src/core/vault-layout.ts';
import { encode } from '../../src/jobs/vault/documents.ts';
import { type MemoryPorts, memoryPorts } from '../world/ports.ts';
import { listOf } from './memory-recovery.ts';
import { TestClock, testPolicy } from './policy.ts';
import { pointOf, retention } from './retention.ts';

export type Aged = { hours: number; state?: Point['state']; more?: Partial<Point> };

/** Puts a point with all that belongs to it: document, list, snapshot and copy. */
export async function plantPoint(
  ports: MemoryPorts,
  at: Date,
  { state = 'protected', more = {} }: Omit<Aged, 'hours'>,
) {
  const point = pointOf(at.toISOString(), state, more);
  const { id } = point;
  const list = vaultKeys.artifactInventory(id);
  if (point.artifacts.state !== 'pending') point.artifacts = { ...point.artifacts, key: list };
  await ports.vault.putBytes(list, listOf(9, at), undefined);
  await ports.vault.put(vaultKeys.point(id), encode(point), undefined);
  const name = snapshotName(id);
  await ports.database.capture(name, id);
  ports.database.finish('snapshots');
  if (state === 'capturing' || state === 'failed') return id;
  const sourceArn = ports.database.snapshots.get(name)?.arn ?? '';
  await ports.database.copyToDr({ name, sourceArn, pointId: id });
  ports.database.finish('held');
  return id;
}

/** A world at noon with points of these ages, in the order given. */
export async function agedWorld(points: Aged[]): Promise<{ clock: TestClock; ports: MemoryPorts; ids: string[] }> {
  const clock = new TestClock('2026-11-25T12:00:00Z');
  const ports = memoryPorts(clock.read);
  const ids: string[] = [];
  for (const each of points) {
    ids.push(await plantPoint(ports, new Date(clock.now.getTime() - each.hours * 3_600_000), each));
  }
  return { clock, ports, ids };
}

export const retaining = (rules: Partial<Record<keyof RetentionPolicy, number>>): Policy => ({
  ...testPolicy,
  retention: retention({ confirmAbovePercent: 100, ...rules }),
});

/** The lines of all archives by their keys, in order; a key that is there twice is there twice. */
export function archivedKeys(ports: MemoryPorts): string[] {
  const files = [...ports.vault.documents].filter(([key]) => key.startsWith(vaultKeys.archives));
  return files.flatMap(([, { body }]) =>
    gunzipSync(body)
      .toString()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => (JSON.parse(line) as { key: string }).key),
  );
}

/** All that can be seen of a world after prunes: what is there, what was archived. Times of prunes are left out. */
export function remains(ports: MemoryPorts) {
  const { documents } = ports.vault;
  return {
    vault: [...documents.keys()].toSorted(),
    points: [...documents].flatMap(([key, { body }]) => (key.startsWith('points/') ? body.toString() : [])).toSorted(),
    primary: [...ports.database.snapshots.keys()].toSorted(),
    dr: [...ports.database.held.keys()].toSorted(),
    archived: archivedKeys(ports).toSorted(),
  };
}

/** A drill of this point that passed. */
export function endedDrill(id: string, point: string): RunOf<'drill'> {
  const at = instantOfPointId(id);
  const run = plannedRun({ kind: 'drill', point: 'latest', readAll: false }, at, [], testPolicy);
  const attempt = { point, instance: `hbdr-drill-${id}`, findings: [], outcome: 'passed' as const };
  const ended = { at: at.toISOString(), state: 'passed' as const, why: 'passed' };
  return { ...run, state: 'passed', attempts: [attempt], history: [...run.history, ended], told: 'passed' };
}
