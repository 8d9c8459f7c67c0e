import { advance } from '../../src/jobs/advance.ts';
import { replicate } from '../../src/jobs/artifacts/replicate.ts';
import { readPoints } from '../../src/jobs/vault/points.ts';
import { type MemoryPorts, memoryPorts } from '../world/ports.ts';
import { TestClock, testPolicy } from './policy.ts';

const box = `BOX-SEC-1\nbldr-20240101000000\n\n${Buffer.alloc(32, 7).toString('base64')}`;
export const nodeFile = { name: 'bldr.env', mode: 0o640, content: Buffer.from('export PG_EXT_ENABLED=true\n') };
export const keyFile = { name: 'bldr-20240101000000.box.key', mode: 0o400, content: Buffer.from(box) };

export function newWorld(artifacts = 5): { clock: TestClock; ports: MemoryPorts } {
  const clock = new TestClock();
  const ports = memoryPorts(clock.read);
  for (let n = 0; n < artifacts; n += 1) ports.primaryArtifacts.plant(`core/p${n}.hart`, Buffer.from(`package ${n}`));
  return { clock, ports };
}

export async function drain(ports: MemoryPorts): Promise<void> {
  for (const { key } of ports.queue.messages.splice(0)) await replicate(ports, key);
}

/** Runs the jobs and lets the engine finish, as time would, until nothing is in flight. */
export async function runToEnd(ports: MemoryPorts): Promise<void> {
  for (let round = 0; round < 8; round += 1) {
    await advance(ports, testPolicy);
    ports.database.finish('snapshots');
    ports.database.finish('held');
    await drain(ports);
  }
}

export const scheduled = { kind: 'scheduled' as const, at: new Date('2026-11-22T14:00:03Z') };
export const states = async (ports: MemoryPorts) =>
  (await readPoints(ports.vault)).points.map(({ id, state }) => `${id} ${state}`);
