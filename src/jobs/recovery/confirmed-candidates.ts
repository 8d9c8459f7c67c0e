import type { Point } from '../../core/points/documents.ts';
import { DrError } from '../../errors.ts';
import type { Pass } from '../pass.ts';
import { pinPoint } from '../points/pin.ts';
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
    const found = await readCandidates(ports, request.point, pass.points, copies);
    for (const each of found.unreadable) ports.log.warn('a point is left out: its inventory cannot be read', each);
    requireReadable(found);
    const { candidates } = found;
    const best = requireConfirmation(request, candidates);
    if (await pinPoint(ports, best.id, key)) return candidates.map((each) => each.id);
    pass.points = pass.points.filter((each) => each.id !== best.id);
  }
}
