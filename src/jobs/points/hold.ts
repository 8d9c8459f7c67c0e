import type { Point } from '../../core/points/documents.ts';
import { held, released } from '../../core/points/holds.ts';
import type { Ports } from '../../core/ports/all.ts';
import { updatePoint } from '../vault/points.ts';

type HoldPorts = Pick<Ports, 'clock' | 'log' | 'signals' | 'vault'>;

/** An operator keeps a point, whatever the retention says; told again, the last word counts. */
export function holdPoint(ports: HoldPorts, id: string, reason: string, until: Date): Promise<Point> {
  return updatePoint(ports, id, (now) => held(now, reason, until, ports.clock()));
}

/** The retention decides on the point again. */
export function releasePoint(ports: HoldPorts, id: string): Promise<Point> {
  return updatePoint(ports, id, released);
}
