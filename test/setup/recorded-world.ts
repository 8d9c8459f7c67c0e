import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Run } from '../../src/core/recovery/run.ts';
import { readRuns } from '../../src/jobs/vault/runs.ts';
import { type MemoryPorts, memoryPorts } from '../world/ports.ts';
import { TestClock } from './policy.ts';

const held = z.looseObject({ name: z.string(), dataAt: z.iso.datetime().optional() });
const moment = z.strictObject({
  /** What was in hand, in which state. */
  name: z.string(),
  scenario: z.string(),
  at: z.iso.datetime(),
  vault: z.array(
    z.strictObject({ key: z.string(), at: z.string(), text: z.string().optional(), base64: z.string().optional() }),
  ),
  snapshots: z.array(held),
  copies: z.array(held),
  instances: z.array(held),
  secrets: z.array(z.tuple([z.string(), z.string()])),
  fence: z.strictObject({
    state: z.custom<MemoryPorts['fence']['state']>(),
    policy: z.string().nullable(),
    renamed: z.string().nullable(),
    reboots: z.number(),
  }),
});

type Moment = z.infer<typeof moment>;

/** What version 0.1.0 had written, and what the world was like, at many moments of its life: made by that version. */
export function recordedMoments(): Moment[] {
  const file = join(import.meta.dirname, '..', 'recorded', 'version-0.1.0.json');
  return z.object({ moments: z.array(moment) }).parse(JSON.parse(readFileSync(file, 'utf8'))).moments;
}

function fill<T>(into: Map<string, T>, entries: z.infer<typeof held>[]): void {
  for (const { dataAt, ...each } of entries) {
    into.set(each.name, { ...each, dataAt: dataAt === undefined ? undefined : new Date(dataAt) } as T);
  }
}

/** The world of that moment, in memory: the version before has just died. */
export function worldOf({ at, vault, snapshots, copies, instances, secrets, fence }: Moment) {
  const clock = new TestClock(at);
  const ports = memoryPorts(clock.read);
  for (const store of [ports.primaryArtifacts, ports.replica]) {
    for (let n = 0; n < 9; n += 1) store.plant(`core/p${n}.hart`, Buffer.from('x'));
  }
  for (const [index, { key, text, base64, at: written }] of vault.entries()) {
    const body = base64 === undefined ? Buffer.from(text ?? '') : Buffer.from(base64, 'base64');
    ports.vault.documents.set(key, { body, etag: `"recorded-${index}"`, at: new Date(written) });
  }
  fill(ports.database.snapshots, snapshots);
  fill(ports.database.held, copies);
  fill(ports.instances.held, instances);
  for (const each of ports.instances.held.values()) each.backupRetentionDays = each.request?.backupRetentionDays ?? 0;
  // That version waited for the first backup to end.
  ports.instances.stands.backedUp = 'available';
  for (const [name, value] of secrets) ports.secrets.values.set(name, value);
  ports.fence.state = fence.state;
  ports.fence.policy = fence.policy ?? undefined;
  ports.fence.renamed = fence.renamed ?? undefined;
  ports.fence.reboots = fence.reboots;
  return { ports, clock };
}

export async function newestRun(ports: MemoryPorts, kinds: Run['kind'][]): Promise<Run> {
  const { runs, unreadable } = await readRuns(ports.vault);
  const found = runs.findLast((each) => kinds.includes(each.kind));
  if (found && unreadable.length === 0) return found;
  throw new Error(`no ${kinds.join(' or ')} can be read: ${JSON.stringify(unreadable)}`);
}
