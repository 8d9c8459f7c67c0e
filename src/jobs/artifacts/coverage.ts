import { mergeDiff, SampleCounter, type Sampled } from '../../core/artifacts/merge-diff.ts';
import type { Point } from '../../core/points/documents.ts';
import { excusedOf } from '../../core/points/point.ts';
import type { Ports } from '../../core/ports/all.ts';
import { readInventory } from './inventory.ts';

/** How many missing keys one pass handles; the rest is found again by the next. */
const KEYS_PER_PASS = 10_000;

/**
 * `deleted`: those of the missing that were looked up and are gone at the primary too; `uncopyable`: those of the rest
 * that are set aside.
 */
export type ReplicaCoverage = {
  missing: Sampled;
  differing: Sampled;
  missingKeys: string[];
  deleted?: string[];
  uncopyable?: string[];
};

/** Compares a point's inventory with the replica, by key and size. Needs the DR site only. */
export async function measureCoverage(
  ports: Pick<Ports, 'replica' | 'vault'>,
  point: Point,
): Promise<ReplicaCoverage | undefined> {
  if (point.artifacts.state === 'pending') return undefined;
  const { deleted, uncopyable } = excusedOf(point);
  const missing = new SampleCounter();
  const differing = new SampleCounter();
  const missingKeys: string[] = [];
  await mergeDiff(readInventory(ports.vault, point.artifacts.key), ports.replica.pages(), (difference) => {
    if (difference.side === 'both' && difference.left.size !== difference.right.size) {
      differing.add(difference.left.key);
    }
    if (difference.side !== 'left') return;
    const { key } = difference.left;
    if (deleted.has(key) || uncopyable.has(key)) return;
    missing.add(key);
    if (missingKeys.length < KEYS_PER_PASS) missingKeys.push(key);
  });
  return { missing: missing.result, differing: differing.result, missingKeys };
}

/** Queues copies of these keys, unless the last batch is still being worked on. Returns how many. */
export async function queueRepairs(ports: Pick<Ports, 'log' | 'queue'>, keys: string[]): Promise<number> {
  if (keys.length === 0 || (await ports.queue.depth()) > 0) return 0;
  await ports.queue.send(keys.map((key) => ({ kind: 'repair', key })));
  ports.log.info('queued copies', { count: keys.length });
  return keys.length;
}
