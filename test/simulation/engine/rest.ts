import { deliver, mendDocuments } from './deeds.ts';
import type { JobName } from './history.ts';
import { beginRun, failoversOf, pointsOf, statusOf } from './jobs.ts';
import { Operator } from './people.ts';
import { Random } from './random.ts';
import type { SimWorld } from './world.ts';

/** So many passes are given to the world, at most, once the faults have ended. */
const MOST_PASSES = 80;
/** And so many at least: each schedule has come twice. */
const FEWEST_PASSES = 10;
/** And these must bring nothing new. */
const QUIET_PASSES = 3;

async function run(world: SimWorld, job: JobName): Promise<void> {
  if (!beginRun(world, { do: 'run', job, skewMs: 0, faults: [], pick: 0 })) return;
  await world.scheduler.work(Number.POSITIVE_INFINITY, new Random(1));
}

/** Every fault ends: regions answer, keys open, documents are restored, what was in hand goes on. */
async function endFaults(world: SimWorld): Promise<void> {
  world.as('world', () => {
    const { scheduler, ports } = world;
    for (const site of ['primary', 'dr'] as const) {
      scheduler.dark.delete(site);
      world.end('dark', site);
      world.end('black-hole', site);
    }
    ports.escrow.unusable.splice(0);
    ports.instances.refuse.clear();
    ports.fence.rests = 'available';
    for (const kind of ['kms-off', 'no-capacity']) world.end(kind);
    world.relay = 'once';
    mendDocuments(world);
    for (const each of scheduler.runs) each.faults = [];
  });
  await world.scheduler.work(Number.POSITIVE_INFINITY, new Random(7));
}

/** Something is on its way: the tick is on, as it is in a deployed stack. */
const inFlight = (world: SimWorld): boolean =>
  world.ports.signals.tick ||
  world.queue.waiting > 0 ||
  pointsOf(world).some(({ state }) => ['capturing', 'captured', 'listing+copying'].includes(state)) ||
  failoversOf(world).some(({ state }) => !['done', 'aborted', 'failed', 'blocked'].includes(state));

const moving = (world: SimWorld, operator: Operator): boolean =>
  inFlight(world) ||
  operator.leftovers().length > 0 ||
  world.builder.nodesSentTo !== undefined ||
  statusOf(world)?.status !== 'READY';

/** What AWS was asked for is there within the minute. */
function serveAll(world: SimWorld): void {
  world.as('world', () => {
    world.services.finishSnapshots();
    world.services.finishCopies();
    world.services.finishInstances();
    world.services.finishFence();
    world.builder.finishRows();
  });
}

/** A failback, from its beginning until the home site is protected again. */
async function goHome(world: SimWorld, n: number): Promise<void> {
  if (world.builder.nodesSentTo === undefined) return world.as('world', () => world.reverse.tearDown());
  const settled = failoversOf(world).every(({ state }) => ['done', 'aborted', 'failed'].includes(state));
  if (!settled || n % 2 !== 1) return undefined;
  world.as('world', () => {
    world.builder.site = 'dr';
    if (n % 4 === 3) world.reverse.handOver();
    world.reverse.deploy();
  });
  return run(world, 'failback');
}

async function people(world: SimWorld, operator: Operator, n: number): Promise<void> {
  const typed = operator.next(n);
  if (typed) await run(world, typed);
  await goHome(world, n);
  if (n % 10 === 5) {
    world.as('world', () => {
      operator.repairPrimary();
      deliver(world);
      operator.clearLeftovers();
    });
  }
}

const hourOf = (world: SimWorld): number => Math.floor(world.clock.now / 3_600_000);

/**
 * A minute while something is in flight, else the time that the schedule of `advance` takes: nothing happens in between.
 * `before`: the hour of the pass before this one, in whose calls time went on too. Answers the hour of this one.
 */
async function pass(world: SimWorld, operator: Operator, n: number, before: number): Promise<number> {
  world.clock.now += n < 3 || inFlight(world) ? 60_000 : 300_000;
  serveAll(world);
  if (n === 1) await run(world, 'capture');
  await people(world, operator, n);
  const hour = hourOf(world);
  const nextHour = hour !== before;
  if (nextHour) await run(world, 'capture');
  while (world.services.inspections.length > 0) await run(world, 'inspect');
  await run(world, 'advance');
  for (let batch = 0; batch < 20 && world.queue.waiting > 0; batch += 1) await run(world, 'replicate');
  if (nextHour || n === 1 || n % 15 === 8) await run(world, 'reconcile');
  if (nextHour) await run(world, 'prune');
  if (n % 5 === 4) await run(world, 'readiness');
  return hour;
}

/** After the faults: passes until nothing moves any more. */
export async function comeToRest(world: SimWorld): Promise<{ passes: number; messages: number }> {
  await endFaults(world);
  const told = world.messages;
  const operator = new Operator(world);
  let quiet = 0;
  let passes = 0;
  let hour = hourOf(world);
  while (passes < MOST_PASSES && quiet < QUIET_PASSES) {
    passes += 1;
    hour = await pass(world, operator, passes, hour);
    quiet = moving(world, operator) || passes < FEWEST_PASSES ? 0 : quiet + 1;
    if (quiet < QUIET_PASSES && passes < MOST_PASSES) continue;
    // The last look may be of before it came to rest.
    await run(world, 'readiness');
    if (moving(world, operator)) quiet = 0;
  }
  const rest = { passes, messages: world.messages - told };
  for (const violation of world.judge?.atRest(rest) ?? []) {
    world.violations.push({ ...violation, step: world.scheduler.steps });
  }
  return rest;
}
