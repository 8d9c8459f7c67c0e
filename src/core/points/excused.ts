import type { Point } from './documents.ts';

/** Keys of the point's inventory that the replica need not hold, each with why. */
export function excusedOf({ artifacts }: Point): { deleted: ReadonlySet<string>; uncopyable: ReadonlySet<string> } {
  const complete = artifacts.state === 'complete';
  return {
    deleted: new Set(complete ? artifacts.deletedInWindow : []),
    uncopyable: new Set(complete ? artifacts.uncopyable : []),
  };
}
