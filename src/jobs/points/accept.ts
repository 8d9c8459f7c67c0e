import type { Point } from '../../core/points/documents.ts';
import { accept } from '../../core/points/point.ts';
import type { Ports } from '../../core/ports/all.ts';
import { DrError } from '../../errors.ts';
import { requireDirection } from '../vault/direction.ts';
import { updatePoint } from '../vault/points.ts';

type AcceptPorts = Pick<Ports, 'clock' | 'log' | 'signals' | 'vault'>;

/** An operator says that a suspect point is right after all; it goes on. BAD_USAGE when it is not suspect. */
export async function acceptPoint(ports: AcceptPorts, id: string): Promise<Point> {
  await requireDirection(ports.vault, 'primary→dr');
  const point = await updatePoint(ports, id, (current) => {
    if (current.state === 'suspect') return accept(current, ports.clock());
    throw new DrError('BAD_USAGE', `point ${id} is ${current.state}, not suspect`, {
      subject: id,
      hint: 'Only a suspect point can be accepted; `builder-dr points` shows the states.',
    });
  });
  await ports.signals.setTick(true);
  return point;
}
