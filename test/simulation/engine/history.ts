/** A history is plain data: the same one plays the same way, byte for byte. */

export const faultKinds = ['before', 'lost', 'throttled', 'refused', 'broken', 'slow', 'kill', 'kill after'] as const;

/**
 * What becomes of one call of a run. before: nothing happens, and a time-out; lost: it happens, and nobody hears of it; refused, throttled,
 * broken (503); slow: its answer comes after others have gone on; kill: the process is gone, before or after the call.
 */
export type FaultKind = (typeof faultKinds)[number];
export type Fault = { at: number; kind: FaultKind };

/** Who starts what. `pick` chooses among what is there when it begins. */
export type RunAction = {
  do: 'run';
  job: JobName;
  /** How far the clock of this run is off. */
  skewMs: number;
  faults: Fault[];
  pick: number;
};

const jobNames = [
  'advance',
  'capture',
  'capture by hand',
  'readiness',
  'replicate',
  'reconcile',
  'inspect',
  'prune',
  'drill',
  'alarm test',
  'failover start',
  'switchover start',
  'failover start unfenced',
  'failover start wrong',
  'failover resume',
  'failover abort',
  'unfence',
  'failover release',
  'failover status',
  'failback',
  'accept point',
  'accept deletions',
  'hold',
  'release',
] as const;
export type JobName = (typeof jobNames)[number];

/** The waiting runs go on for so many calls, in an order of its own. */
type WorkAction = { do: 'work'; steps: number; order: number };
type PassAction = { do: 'pass'; minutes: number };
/** Builder's people and nodes; `pick` names a package, `variant` its bytes. */
type BuilderAction = {
  do: 'builder';
  what: 'upload' | 'upload half' | 'finish rows' | 'delete' | 'delete many' | 're-upload' | 'move' | 'move some';
  pick: number;
  variant: number;
};
type ServiceAction = {
  do: 'aws';
  what:
    | 'snapshots'
    | 'snapshot fails'
    | 'snapshot vanishes'
    | 'copies'
    | 'copy moves'
    | 'copy fails'
    | 'copy vanishes'
    | 'instances'
    | 'instance fails'
    | 'fence'
    | 'primary busy'
    | 'primary free'
    | 'no capacity'
    | 'capacity'
    | 'kms off'
    | 'kms on'
    | 'events lost'
    | 'events twice'
    | 'events once';
  pick: number;
};
/** The stack for the other direction. */
type ReverseAction = { do: 'reverse'; what: 'deploy' | 'hand over' | 'tear down' };
type SiteAction = { do: 'site'; site: 'primary' | 'dr'; is: 'dark' | 'hole' | 'up' };
type DamageAction = {
  do: 'damage';
  what:
    | 'rot replica'
    | 'rot primary'
    | 'lose replica'
    | 'ransom primary'
    | 'ransom replica'
    | 'unreadable document'
    | 'newer document'
    | 'failover document'
    | 'inventory cut';
  pick: number;
};

export type Action =
  | RunAction
  | WorkAction
  | PassAction
  | BuilderAction
  | ServiceAction
  | ReverseAction
  | SiteAction
  | DamageAction;

export type History = { seed: number; actions: Action[] };
