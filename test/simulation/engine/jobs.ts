import type { Point } from '../../../src/core/points/documents.ts';
import type { Ports } from '../../../src/core/ports/all.ts';
import type { StatusRecord } from '../../../src/core/readiness/documents.ts';
import type { CurrentDirection } from '../../../src/core/recovery/direction.ts';
import type { ProductionRun } from '../../../src/core/recovery/run.ts';
import { DrError, hasCode } from '../../../src/errors.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { acceptMassDeletion } from '../../../src/jobs/artifacts/accept-deletions.ts';
import { reconcile } from '../../../src/jobs/artifacts/reconcile.ts';
import { replicateBatch } from '../../../src/jobs/artifacts/replicate-batch.ts';
import { watchDarkness } from '../../../src/jobs/darkness.ts';
import { inspectDatabase } from '../../../src/jobs/inspector/inspect-database.ts';
import { acceptPoint } from '../../../src/jobs/points/accept.ts';
import { capture } from '../../../src/jobs/points/capture.ts';
import { holdPoint, releasePoint } from '../../../src/jobs/points/hold.ts';
import { prune } from '../../../src/jobs/points/prune.ts';
import { readiness } from '../../../src/jobs/readiness.ts';
import { abortFailover, unfence } from '../../../src/jobs/recovery/call-off.ts';
import { startDrill } from '../../../src/jobs/recovery/drill.ts';
import { startFailback } from '../../../src/jobs/recovery/failback.ts';
import { type FailoverRequest, startFailover } from '../../../src/jobs/recovery/failover.ts';
import { failoverStatus } from '../../../src/jobs/recovery/leftovers.ts';
import { releaseFailover } from '../../../src/jobs/recovery/release.ts';
import { requireDirection } from '../../../src/jobs/vault/direction.ts';
import { describe } from './calls.ts';
import type { JobName, RunAction } from './history.ts';
import { builderAccess, inspectorOf } from './inspector.ts';
import { fileOf } from './job-files.ts';
import { fallenPoint } from './reading.ts';
import type { SimRun } from './scheduler.ts';
import { simulationPolicy as policy, type SimWorld } from './world.ts';

type Start = {
  request: unknown;
  work: (ports: Ports) => Promise<unknown>;
  ended?: (end: NonNullable<SimRun['end']>) => void;
};
type Starter = (world: SimWorld, action: RunAction) => Start | undefined;

const never = new Promise<void>(() => undefined);

/** As a function does: a schedule has nothing to do while protection flows another way. */
async function unlessElsewhere<T>(work: () => Promise<T>): Promise<T | { skipped: string }> {
  try {
    return await work();
  } catch (error) {
    if (!hasCode(error, 'WRONG_DIRECTION', 'SLOT_OVER')) throw error;
    return { skipped: error.message };
  }
}

const parsed = new WeakMap<Buffer, unknown>();

/** Undefined where it does not parse: an operator cannot read it either. */
function parsedOnce(body: Buffer): unknown {
  if (!parsed.has(body)) {
    try {
      parsed.set(body, JSON.parse(body.toString()));
    } catch {
      parsed.set(body, undefined);
    }
  }
  return parsed.get(body);
}

/** Documents as an operator sees them: the newest state, by their own reading. */
function documents<T>(world: SimWorld, prefix: string): T[] {
  const found: [string, T][] = [];
  for (const [key, { body }] of world.ports.vault.documents) {
    if (!key.startsWith(prefix) || !key.endsWith('.json') || key.slice(prefix.length).includes('/')) continue;
    const document = parsedOnce(body);
    if (document !== undefined) found.push([key, document as T]);
  }
  return found.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}

export const pointsOf = (world: SimWorld): Point[] => documents<Point>(world, 'points/');
export const failoversOf = (world: SimWorld): ProductionRun[] => documents<ProductionRun>(world, 'failovers/');

export const statusOf = (world: SimWorld): StatusRecord | undefined => documents<StatusRecord>(world, 'status.json')[0];

/** The point that `failover plan` would name, as an operator reads it: the newest that is protected. */
function confirmed(world: SimWorld): string {
  const open = pointsOf(world).filter(({ state }) => state === 'protected' || state === 'proven');
  return open.at(-1)?.id ?? 'none';
}

const failover =
  (more: Partial<FailoverRequest>, confirm?: string): Starter =>
  (world) => {
    const inHand = failoversOf(world).find(({ state }) => !['done', 'aborted', 'failed'].includes(state));
    const point = confirm ?? inHand?.attempts.at(-1)?.point ?? inHand?.candidates[0] ?? confirmed(world);
    const request: FailoverRequest = {
      point: 'latest',
      confirm: point,
      planned: false,
      acceptUnfenced: false,
      acceptFindings: false,
      ...more,
    };
    return { request, work: (ports) => startFailover(ports, policy, request) };
  };

const resume: Starter = (world) => {
  const blocked = failoversOf(world).find(({ state }) => state === 'blocked')?.blocked;
  if (!blocked) return undefined;
  return { request: blocked.resume, work: (ports) => startFailover(ports, policy, blocked.resume) };
};

/** By an operator who reads whose place it is in the direction; one in eight types another id. */
const release: Starter = (world, { pick }) => {
  const [direction] = documents<CurrentDirection>(world, 'direction.json');
  const inHand = direction?.inHand?.run;
  const confirm = pick % 8 === 7 ? '20200101t000000z' : inHand;
  return confirm === undefined
    ? undefined
    : { request: confirm, work: (ports) => releaseFailover(ports, policy, confirm) };
};

const replicate: Starter = (world) => {
  const taken = world.queue.take();
  if (taken.length === 0) return undefined;
  return {
    request: undefined,
    work: (bare) => {
      const { ports } = watchDarkness(bare);
      return unlessElsewhere(async () => {
        await requireDirection(ports.vault, 'primary→dr');
        return replicateBatch(
          ports,
          taken.map(({ work }) => work),
          never,
        );
      });
    },
    ended: (end) => {
      const errors = end.state !== 'done' ? undefined : Array.isArray(end.value) ? end.value : [];
      world.queue.give(taken, errors);
    },
  };
};

const inspect: Starter = (world) => {
  const request = world.services.inspections.shift();
  if (!request) return undefined;
  let instance = '';
  const run = () => {
    const body = world.ports.vault.documents.get(request.run)?.body.toString();
    if (body) instance = (JSON.parse(body) as ProductionRun).attempts.at(-1)?.instance ?? '';
    return instance;
  };
  return {
    request,
    work: (ports) =>
      inspectDatabase({ ...ports, inspector: inspectorOf(world, run), builder: builderAccess }, policy, request),
  };
};

const picked = <T>(values: T[], pick: number): T | undefined => values[pick % (values.length || 1)];

const onPoint =
  (states: readonly string[], work: (ports: Ports, id: string, world: SimWorld) => Promise<unknown>): Starter =>
  (world, { pick }) => {
    const point = picked(
      pointsOf(world).filter((each) => states.includes(each.state)),
      pick,
    );
    return point && { request: point.id, work: (ports) => work(ports, point.id, world) };
  };

const acceptSuspect = onPoint(['suspect'], (ports, id) => acceptPoint(ports, id));

/** A suspect one, or else the newest of which an operator reads that its rows fell. */
const acceptAPoint: Starter = (world, action) => {
  const suspect = acceptSuspect(world, action);
  if (suspect) return suspect;
  const fallen = fallenPoint(statusOf(world));
  return fallen === undefined ? undefined : { request: fallen, work: (ports) => acceptPoint(ports, fallen) };
};

const acceptDeletions: Starter = (world) => {
  const [deletions] = documents<{ mass?: { id: string; acceptedAt?: string }[] }>(world, 'deletions.json');
  const open = deletions?.mass?.find(({ acceptedAt }) => !acceptedAt);
  return open && { request: open.id, work: (ports) => acceptMassDeletion(ports, open.id) };
};

const simple =
  (work: (ports: Ports, world: SimWorld) => Promise<unknown>): Starter =>
  (world) => ({
    request: undefined,
    work: (ports) => work(ports, world),
  });

const at = (world: SimWorld): Date => new Date(world.clock.now);

const starters: Record<JobName, Starter> = {
  advance: simple((ports) => advance(ports, policy)),
  capture: simple((ports, world) => {
    const scheduledAt = at(world);
    return unlessElsewhere(() => capture(ports, policy, { kind: 'scheduled', at: scheduledAt }));
  }),
  'capture by hand': simple((ports) => capture(ports, policy, { kind: 'manual', at: ports.clock() })),
  readiness: simple((ports) => readiness(ports, policy)),
  replicate,
  reconcile: simple((ports) => unlessElsewhere(() => reconcile(ports, policy))),
  inspect,
  prune: simple((ports) => unlessElsewhere(() => prune(ports, policy))),
  drill: (world) => {
    const request = { kind: 'drill', point: 'latest', readAll: false, at: at(world) } as const;
    return { request, work: (ports) => unlessElsewhere(() => startDrill(ports, policy, request)) };
  },
  'alarm test': (world) => {
    const request = { kind: 'alarm-test', point: 'latest', at: at(world) } as const;
    return { request, work: (ports) => unlessElsewhere(() => startDrill(ports, policy, request)) };
  },
  'failover start': failover({}),
  'switchover start': failover({ planned: true }),
  'failover start unfenced': failover({ acceptUnfenced: true }),
  'failover start wrong': failover({}, '20200101t000000z'),
  'failover resume': resume,
  'failover abort': simple((ports) => abortFailover(ports, policy)),
  'failover release': release,
  unfence: simple((ports) => unfence(ports, policy)),
  'failover status': simple((ports) => failoverStatus(ports)),
  failback: simple((ports) => startFailback(ports, policy)),
  'accept point': acceptAPoint,
  'accept deletions': acceptDeletions,
  hold: onPoint(['protected', 'proven'], (ports, id, world) =>
    holdPoint(ports, id, 'an audit', new Date(world.clock.now + 7_200_000)),
  ),
  release: onPoint(['protected', 'proven'], (ports, id) => releasePoint(ports, id)),
};

const LAMBDA_MS = 15 * 60_000;
const byHand = /start|abort|resume|unfence|failback|accept|hold|release|status|by hand/;
const bare = new Set(['log', 'site', 'hashEngine', 'newId', 'clock', 'chat', 'deadMan']);

/** Begins a run of a real job over the ports of this world; nothing where there is nothing to begin. */
export function beginRun(world: SimWorld, action: RunAction): SimRun | undefined {
  const start = starters[action.job](world, action);
  if (!start) return undefined;
  const asked = {
    job: action.job,
    skewMs: action.skewMs,
    faults: action.faults,
    limitMs: byHand.test(action.job) ? Number.POSITIVE_INFINITY : LAMBDA_MS,
    ended: (end: NonNullable<SimRun['end']>, run: SimRun) => {
      start.ended?.(end);
      count(world.endings, `${run.job}: ${end.state === 'failed' ? codeOf(end.error) : end.state}`);
      world.tell({ what: 'run-ended', by: run.id, ending: endingOf(end), met: run.met });
    },
  };
  return world.scheduler.begin(
    asked,
    (run) => start.work(portsOf(world, run)),
    (run) => began(world, run, action, start),
  );
}

function began(world: SimWorld, run: SimRun, { job, skewMs }: RunAction, { request }: Start): void {
  world.runs.set(run.id, {
    id: run.id,
    job: fileOf[job] ?? job,
    request,
    startedAt: world.clock.now,
    skewMs,
    get calls() {
      return run.calls;
    },
  });
  world.tell({ what: 'run-began', by: run.id });
}

function count(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

const codeOf = (error: unknown): string => (error instanceof DrError ? error.code : describe(error));

function endingOf(end: NonNullable<SimRun['end']>) {
  if (end.state === 'killed') return { how: 'killed' } as const;
  if (end.state === 'done') return { how: 'returned', value: end.value } as const;
  const { error } = end;
  if (error instanceof DrError) {
    return { how: 'threw', code: error.code, message: error.message, subject: error.subject } as const;
  }
  return { how: 'threw', code: 'OTHER', message: String(error), subject: undefined } as const;
}

function portsOf(world: SimWorld, run: SimRun): Ports {
  const gated = Object.entries(world.ports).map(([name, port]) => {
    const isPort = typeof port === 'object' && port !== null && !bare.has(name);
    return [name, isPort ? world.scheduler.gated(run, name, port as object) : port];
  });
  return { ...Object.fromEntries(gated), clock: () => new Date(world.clock.now + run.skewMs) } as Ports;
}
