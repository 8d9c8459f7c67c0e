import type { Direction } from '../../../src/core/recovery/direction.ts';
import type { Run } from '../../../src/core/recovery/run.ts';
import type { Actor, Violation, Writable } from '../truth.ts';
import { type Check, none, type Scene } from './check.ts';
import { saidBy } from './memory.ts';

export const endedStates: readonly string[] = ['passed', 'failed', 'done', 'aborted'];
const isOpen = ({ database, bucket }: Writable): boolean => database || bucket;
const halves = ({ database, bucket }: Writable): string =>
  [database ? 'the database' : '', bucket ? 'the bucket' : ''].filter(Boolean).join(' and ');

/**
 * I5: never two writable sites, unless the operator says so by name; what turns the direction was asked for since it last
 * turned, and is not over; the primary stays closed while another site serves, and open while nobody is in hand.
 */
export const i5: Check = {
  document: (scene, { by, key }) => {
    if (by === 'world' || key !== 'direction.json') return none;
    const before = directionBefore(scene);
    const now = scene.memory.direction;
    if (!before || !now) return none;
    const found = now.epoch < before.epoch ? [violation(`epoch ${now.epoch}`, `it was ${before.epoch} before`)] : [];
    if (now.direction === before.direction) return found;
    if (now.epoch === before.epoch) found.push(violation(turnOf(before, now), `the epoch is ${now.epoch} as before`));
    found.push(...judgeTurn(scene, by, before, now));
    // What was asked for before it turned counts for no other turn, unless whoever asked is not answered yet.
    const { asked, going } = scene.memory;
    asked.splice(0, asked.length, ...asked.filter((each) => each.by !== by && going.has(each.by)));
    scene.memory.turned.at = scene.truth.now;
    return found;
  },
  writable: (scene, { by, site, now, before }) => {
    if (site !== 'primary' || by === 'world' || !isServingElsewhere(scene)) return none;
    const opened = {
      database: now.database && !before.database,
      bucket: now.bucket && !before.bucket && !isHandedOver(scene),
    };
    if (!isOpen(opened)) return none;
    const { direction, failover } = scene.memory.direction ?? {};
    const so = `${halves(opened)} of the primary takes Builder's writes again while ${direction} stands (${failover})`;
    return [violation(`run ${by} (${scene.truth.run(by).job}) opens the primary`, so)];
  },
  rest: (scene) => restOfFence(scene),
};

const violation = (said: string, so: string): Violation => ({ invariant: 'I5', subject: 'direction', said, so });
const turnOf = (before: Direction, now: Direction): string =>
  `the direction turns from ${before.direction} to ${now.direction}`;

const home: Direction = { schema: 'direction/1', direction: 'primary→dr', epoch: 0, changedAt: '' };

/** As long as there is no document, protection flows from the primary; undefined where nobody could read it. */
function directionBefore({ memory }: Scene): Direction | undefined {
  return memory.before ? saidBy<Direction>(memory.before) : home;
}

const isHome = ({ memory }: Scene): boolean =>
  memory.document('direction.json') === undefined || memory.direction?.direction === 'primary→dr';

function isServingElsewhere({ memory }: Scene): boolean {
  const now = memory.direction;
  return now !== undefined && now.direction !== 'primary→dr' && now.failover !== undefined;
}

/** Given to the other direction as its replica. */
function isHandedOver({ memory }: Scene): boolean {
  const run = memory.runs.get(`failovers/${memory.direction?.failover}.json`);
  return run !== undefined && 'fence' in run && run.fence.bucket.handedOver === true;
}

/** A failover is asked for, and others carry it on; a failback turns the direction itself. */
const isAsked = ({ memory: { asked } }: Scene, by: number, { direction }: Direction): boolean =>
  direction === 'primary→dr' ? asked.some(({ job }) => job === 'failover-start') : asked.some((each) => each.by === by);

function judgeTurn(scene: Scene, by: number, before: Direction, now: Direction): Violation[] {
  const { memory } = scene;
  const said = `${turnOf(before, now)} (run ${by}, ${scene.truth.run(by).job})`;
  const found: Violation[] = [];
  if (!isAsked(scene, by, before)) found.push(violation(said, 'nobody asked for that since it last turned'));
  if (before.direction !== 'primary→dr') return found;
  const key = `failovers/${now.failover}.json`;
  const run = memory.runs.get(key);
  if (run && endedStates.includes(run.state)) found.push(violation(said, `${key} is ${run.state}`));
  if ((memory.bornAt.get(key) ?? 0) < memory.turned.at) {
    found.push(violation(said, `${key} was started before the direction last turned`));
  }
  return [...found, ...judgeFence(scene, by, said, run)];
}

function judgeFence({ truth, memory }: Scene, by: number, said: string, run: Run | undefined): Violation[] {
  const primary = truth.writable('primary');
  if (!isOpen(primary)) return [];
  const accepts = run && 'acceptUnfenced' in run && run.acceptUnfenced;
  const hasAsked = memory.asked.some(({ acceptUnfenced }) => acceptUnfenced);
  if (accepts && hasAsked) return [];
  const { writers } = memory;
  if (writers?.by === 'world' && writers.at >= truth.run(by).startedAt) return [];
  const but = accepts ? 'its record accepts that, and no operator did' : 'nobody accepted that';
  return [violation(said, `${halves(primary)} of the primary takes Builder's writes, and ${but}`)];
}

/** Somebody whose record is not over, or cannot be read, may still want the fence. */
function isInHand({ memory }: Scene): boolean {
  const runs = [...memory.runs].filter(([key]) => key.startsWith('failovers/'));
  return runs.some(([, { state }]) => !endedStates.includes(state)) || [...memory.unreadable('failovers/')].length > 0;
}

function restOfFence(scene: Scene): Violation[] {
  const { truth, memory } = scene;
  const primary = truth.writable('primary');
  const codes = (memory.status?.findings ?? []).map(({ code }) => code as string);
  if (isServingElsewhere(scene)) {
    const open = { database: primary.database, bucket: primary.bucket && !isHandedOver(scene) };
    if (!isOpen(open) || !truth.primaryAnswers) return none;
    return [violation('at rest', `${halves(open)} of the primary takes Builder's writes while another site serves`)];
  }
  const isClosed = !primary.database || !primary.bucket;
  if (!isClosed || isInHand(scene) || !isHome(scene)) return none;
  if (whoClosed(memory.writers?.by) === 'world' && codes.includes('FENCE_STRAY')) return none;
  return [
    violation(
      'at rest',
      `nobody is in hand, and the primary does not take Builder's writes (findings: ${codes.join(', ') || 'none'})`,
    ),
  ];
}

const whoClosed = (by: Actor | undefined): Actor => by ?? 'world';
