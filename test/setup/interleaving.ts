import { advance } from '../../src/jobs/advance.ts';
import type { MemoryPorts } from '../world/ports.ts';
import { comeUp } from '../world/recovery.ts';
import { protectedWorld } from './memory-recovery.ts';
import { testPolicy } from './policy.ts';
import { drill } from './recovery-requests.ts';

/**
 * Something else happens once, in the middle of a pass: while it asks for the status of an instance whose name begins
 * so. What the pass has read by then is old. Answers how often that was.
 */
export function meanwhile(ports: MemoryPorts, prefix: string, act: () => Promise<void>): () => number {
  const { status } = ports.instances;
  let times = 0;
  ports.instances.status = async (name) => {
    if (name.startsWith(prefix) && times === 0) {
      times += 1;
      await act();
    }
    return status(name);
  };
  return () => times;
}

/** A world with a drill in hand, a minute old. */
export async function worldWithDrill(points = 2) {
  const world = await protectedWorld(points);
  await drill(world.ports);
  await advance(world.ports, testPolicy);
  world.clock.passMinutes(1);
  return world;
}

/** Only with what failovers have restored AWS goes on. */
export function bringFailoversUp(ports: MemoryPorts): void {
  for (const each of ports.instances.held.values()) {
    if (each.name.startsWith('hbdr-failover')) comeUp(ports.instances, each);
  }
}
