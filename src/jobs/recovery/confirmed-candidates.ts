import { commandLine } from '../../core/command-line.ts';
import type { Point } from '../../core/points/documents.ts';
import { newestFirst } from '../../core/points/point.ts';
import { startArguments } from '../../core/recovery/lifecycle.ts';
import { type Rejections, rejectedPoints } from '../../core/recovery/rejected.ts';
import type { ProductionRun, StartRequest } from '../../core/recovery/run.ts';
import { DrError } from '../../errors.ts';
import type { Pass } from '../pass.ts';
import { pinPoint } from '../points/pin.ts';
import { runKey } from '../vault/runs.ts';
import { readAvailableCopies, readCandidates, requireReadable } from './candidates.ts';

/** `confirm`: undefined until the operator has read the plan. */
type Confirmed = { point: string; confirm: string | undefined };

/** The point that a failover now takes, when it is the one that was confirmed. */
function requireConfirmation(request: Confirmed, candidates: Point[]): Point {
  const [best] = candidates;
  if (!best) {
    throw new DrError('POINT_UNKNOWN', 'no recovery point can be restored', {
      hint: '`builder-dr points` shows the state of each; a copy that RDS still makes can be waited for.',
    });
  }
  if (request.confirm === best.id) return best;
  throw new DrError(
    'NOT_CONFIRMED',
    `a failover now takes point ${best.id}; confirmed was ${request.confirm ?? 'nothing'}`,
    {
      hint: `Read \`builder-dr failover plan\`, then say: builder-dr failover start --confirm ${best.id}`,
    },
  );
}

/** The points for a failover, the best of them pinned for it. One that expired meanwhile is not the one that was confirmed. */
export async function confirmedCandidates(pass: Pass, request: Confirmed, key: string): Promise<string[]> {
  const { ports } = pass;
  const copies = await readAvailableCopies(ports);
  for (;;) {
    const found = await readCandidates(ports, request.point, pass.points, copies, rejectedOf(pass));
    for (const each of found.unreadable) ports.log.warn('a point is left out: its inventory cannot be read', each);
    requireReadable(found);
    const { candidates } = found;
    const best = requireConfirmation(request, candidates);
    if (await pinPoint(ports, best.id, key)) return candidates.map((each) => each.id);
    pass.points = pass.points.filter((each) => each.id !== best.id);
  }
}

const rejectedOf = ({ ports, points, runs }: Pass): Rejections => rejectedPoints(points, runs, ports.clock());

/** An older one comes to the top where what is newer was rejected since. */
const isNewer = (best: Point, known: string[], points: Point[]): boolean =>
  newestFirst(points.filter(({ id }) => id === best.id || known.includes(id)))[0]?.id === best.id;

/** The points that a failover has tried, and those that it would try next. */
export const knownTo = (run: ProductionRun): string[] => [...run.attempts.map((each) => each.point), ...run.candidates];

/**
 * What a blocked failover takes from now on, where a better point has come since it chose: its operator chooses again, for
 * by now the older one may lose hours. Undefined where none has come, or a point that it knows is asked for by its id.
 */
export async function chosenAgain(
  pass: Pass,
  run: ProductionRun,
  request: Omit<StartRequest, 'confirm'> & Confirmed,
): Promise<string[] | undefined> {
  const known = knownTo(run);
  if (run.kind !== 'failover' || run.state !== 'blocked' || known.includes(request.point)) return undefined;
  const { candidates } = await readCandidates(
    pass.ports,
    request.point,
    pass.points,
    await readAvailableCopies(pass.ports),
    rejectedOf(pass),
  );
  const [best] = candidates;
  if (!best || known.includes(best.id) || !isNewer(best, known, pass.points)) return undefined;
  if (request.confirm !== best.id) throw newerPoint(pass, run, request, best.id);
  const chosen = await confirmedCandidates(pass, request, runKey(run));
  const rejected = run.attempts.filter((each) => each.outcome === 'rejected').map((each) => each.point);
  return chosen.filter((id) => !rejected.includes(id));
}

function newerPoint(
  { ports: { site } }: Pass,
  run: ProductionRun,
  request: Omit<StartRequest, 'confirm'>,
  best: string,
): DrError {
  const held = run.attempts.at(-1)?.point ?? run.candidates[0] ?? best;
  const line = (point: string, confirm: string) =>
    commandLine(startArguments({ ...request, point, confirm }), site.configFile);
  return new DrError(
    'NOT_CONFIRMED',
    `since failover ${run.id} took point ${held}, point ${best} has come, which is newer`,
    {
      subject: run.id,
      hint: `To restore the newer one: ${line(request.point, best)}. To go on with what it has, and lose more: ${line(held, held)}`,
    },
  );
}
