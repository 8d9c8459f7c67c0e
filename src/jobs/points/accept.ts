import type { Point } from '../../core/points/documents.ts';
import { accept, acceptRows } from '../../core/points/point.ts';
import type { Ports } from '../../core/ports/all.ts';
import { rejectedPoints } from '../../core/recovery/rejected.ts';
import { DrError } from '../../errors.ts';
import { requireDirection } from '../vault/direction.ts';
import { readPoints, updatePoint } from '../vault/points.ts';
import { readRuns } from '../vault/runs.ts';

type AcceptPorts = Pick<Ports, 'clock' | 'log' | 'signals' | 'vault'>;

/** When the last look into this point found that its rows fell, if it did. */
async function fallenAt({ vault, clock }: AcceptPorts, id: string): Promise<string | undefined> {
  const [{ points }, { runs }] = await Promise.all([readPoints(vault), readRuns(vault)]);
  const verdict = rejectedPoints(points, runs, clock()).get(id);
  return verdict?.codes.includes('ROWS_FELL') ? verdict.at : undefined;
}

/**
 * An operator says that a suspect point is right after all, and it goes on; or that the rows which a drill or a failover
 * missed in it were meant to go. BAD_USAGE when neither is so.
 */
export async function acceptPoint(ports: AcceptPorts, id: string): Promise<Point> {
  await requireDirection(ports.vault, 'primary→dr');
  const fallen = await fallenAt(ports, id);
  const point = await updatePoint(ports, id, (current) => {
    if (current.state === 'suspect') return accept(current, ports.clock());
    if (fallen !== undefined) return acceptRows(current, fallen, ports.clock());
    throw new DrError('BAD_USAGE', `point ${id} is ${current.state}, not suspect, and no drill found ROWS_FELL in it`, {
      subject: id,
      hint: 'Only a suspect point can be accepted, or one whose rows fell; `builder-dr points` shows the states, `builder-dr drills` what was found.',
    });
  });
  await ports.signals.setTick(true);
  return point;
}
