import type { JobName } from './history.ts';

/** As `truth.ts` names jobs: by their files. */
export const fileOf: Partial<Record<JobName, string>> = {
  'capture by hand': 'capture',
  inspect: 'inspect-database',
  'alarm test': 'drill',
  'failover start': 'failover-start',
  'switchover start': 'failover-start',
  'failover start unfenced': 'failover-start',
  'failover start wrong': 'failover-start',
  'failover resume': 'failover-start',
  'failover abort': 'failover-abort',
  'failover release': 'failover-release',
  unfence: 'failover-unfence',
  'failover status': 'failover-status',
  failback: 'failback-start',
  'accept point': 'points-accept',
  'accept deletions': 'points-accept',
  hold: 'points-hold',
  release: 'points-release',
};
