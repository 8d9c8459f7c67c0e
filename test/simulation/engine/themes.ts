import type { JobName } from './history.ts';

type Weighted<T> = readonly (readonly [number, T])[];

/** Which people and clocks are at work in a scene. */
export const themes = {
  ordinary: [
    [6, 'advance'],
    [3, 'capture'],
    [1, 'capture by hand'],
    [3, 'readiness'],
    [4, 'replicate'],
    [2, 'reconcile'],
    [1, 'inspect'],
    [1, 'drill'],
    [1, 'hold'],
    [1, 'release'],
    [1, 'accept point'],
    [1, 'accept deletions'],
  ],
  rehearsal: [
    [4, 'drill'],
    [1, 'alarm test'],
    [8, 'advance'],
    [4, 'inspect'],
    [2, 'readiness'],
    [1, 'replicate'],
    [1, 'capture'],
  ],
  disaster: [
    [3, 'failover start'],
    [1, 'failover start unfenced'],
    [1, 'switchover start'],
    [1, 'failover start wrong'],
    [2, 'failover abort'],
    [1, 'failover resume'],
    [1, 'unfence'],
    [2, 'failover release'],
    [1, 'failover status'],
    [9, 'advance'],
    [4, 'inspect'],
    [2, 'readiness'],
    [1, 'replicate'],
    [1, 'capture'],
    [1, 'drill'],
  ],
  homecoming: [
    [3, 'failback'],
    [6, 'advance'],
    [4, 'inspect'],
    [1, 'readiness'],
    [1, 'failover abort'],
    [1, 'failover start'],
    [1, 'capture'],
    [1, 'replicate'],
    [1, 'reconcile'],
  ],
  housekeeping: [
    [4, 'prune'],
    [3, 'reconcile'],
    [3, 'replicate'],
    [3, 'advance'],
    [2, 'readiness'],
    [1, 'capture'],
    [1, 'hold'],
    [1, 'release'],
    [1, 'accept deletions'],
  ],
} satisfies Record<string, Weighted<JobName>>;
export type Theme = keyof typeof themes;

/** What happens beside a failover that is meant. */
export const beside: Weighted<JobName> = [
  [3, 'advance'],
  [3, 'readiness'],
  [2, 'replicate'],
  [2, 'failover resume'],
  [1, 'failover start'],
  [1, 'failover start unfenced'],
  [1, 'failover abort'],
  [1, 'unfence'],
  [1, 'failover release'],
  [1, 'capture'],
  [1, 'drill'],
  [1, 'reconcile'],
  [1, 'prune'],
];
