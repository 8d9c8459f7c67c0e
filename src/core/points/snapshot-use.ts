import { POINT_TAG } from '../ids.ts';
import type { SnapshotUse } from '../ports/database.ts';

/** Why a snapshot may not be deleted yet. `until` completes "waits until". */
export type Obstacle = { code: 'SNAPSHOT_MISMATCH' | 'COPYING' | 'SHARED' | 'INVALID_STATE'; until: string };

/** What keeps a point's snapshot from being deleted: it is nobody's business but ours, or it is left alone. */
export function obstacleOf(use: SnapshotUse, name: string, pointId: string): Obstacle | undefined {
  const { pointId: tag, copying, sharedWith, status } = use;
  if (tag !== pointId) {
    const now = tag === undefined ? 'it has no such tag' : `its tag says ${tag}`;
    const until = `somebody removes or renames ${name}, or tags it ${POINT_TAG}=${pointId} if it is ours: ${now}`;
    return { code: 'SNAPSHOT_MISMATCH', until };
  }
  if (copying.length > 0) return { code: 'COPYING', until: `the copy ${copying.join(', ')} of ${name} is complete` };
  if (sharedWith.length > 0) {
    return { code: 'SHARED', until: `${name} is no longer shared with ${sharedWith.join(', ')}` };
  }
  return status === 'creating' ? { code: 'INVALID_STATE', until: `${name} is available` } : undefined;
}
