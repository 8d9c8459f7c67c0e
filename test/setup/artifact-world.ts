import { blake2b256, type SigningKey, signHart, signingKey } from '../../sandbox/seed/hart.ts';
import { SeededRandom } from '../../sandbox/seed/random.ts';
import { compareKeys } from '../../src/core/artifacts/merge-diff.ts';
import type { Ports } from '../../src/core/ports/all.ts';
import type { StatusRecord } from '../../src/core/readiness/documents.ts';
import { advance } from '../../src/jobs/advance.ts';
import { packed } from '../../src/jobs/artifacts/inventory.ts';
import { reconcile } from '../../src/jobs/artifacts/reconcile.ts';
import { ArtifactBatch } from '../../src/jobs/artifacts/verify.ts';
import { escrowKeys } from '../../src/jobs/keys/escrow.ts';
import { capture } from '../../src/jobs/points/capture.ts';
import { readiness } from '../../src/jobs/readiness.ts';
import { readPoints } from '../../src/jobs/vault/points.ts';
import { type MemoryPorts, memoryPorts } from '../world/ports.ts';
import { keyFile, nodeFile } from './memory-cycle.ts';
import { TestClock, testPolicy } from './policy.ts';

const random = new SeededRandom('other bytes');
export const signer = signingKey('core', '20240101000000', random);

/** A signed package of so many bytes of content; another one each time. */
export const newHart = (bytes = 300, by: SigningKey = signer): Promise<Buffer> => signHart(random.bytes(bytes), by);
export const hashOf = (bytes: Buffer): Promise<string> => blake2b256(bytes);

export type ArtifactWorld = { ports: MemoryPorts; clock: TestClock };

/** Two buckets, keys in escrow, a database that can be captured. */
export async function artifactWorld(options: { versions?: boolean; encrypted?: boolean } = {}): Promise<ArtifactWorld> {
  const clock = new TestClock();
  const ports = memoryPorts(clock.read);
  if (options.versions) ports.replica.keepVersions();
  if (options.encrypted) for (const store of [ports.primaryArtifacts, ports.replica]) store.encrypt();
  const pub = { name: `${signer.name}.pub`, mode: 0o444, content: Buffer.from(signer.publicText) };
  await escrowKeys(ports, [keyFile, nodeFile, pub]);
  clock.passMinutes(10);
  return { ports, clock };
}

/** Handles artifacts as the function does, one batch. */
export async function handle(ports: Ports, ...keys: string[]): Promise<void> {
  const batch = await ArtifactBatch.begin(ports);
  try {
    for (const key of keys) await batch.handle(key);
  } finally {
    await batch.end();
  }
}

export async function drain({ ports }: ArtifactWorld): Promise<number> {
  const messages = ports.queue.messages.splice(0);
  for (const { key } of messages) await handle(ports, key);
  return messages.length;
}

/** One hour of the schedule: the buckets are compared, what was queued is worked off. Answers how much that was. */
export async function anHour(world: ArtifactWorld): Promise<number> {
  world.clock.passMinutes(60);
  await reconcile(world.ports, testPolicy);
  return drain(world);
}

/** A new point, taken as far as it goes. */
export async function protect(world: ArtifactWorld): Promise<{ id: string; state: string | undefined }> {
  const { ports, clock } = world;
  clock.passMinutes(1);
  const { id } = await capture(ports, testPolicy, { kind: 'manual', at: clock.read() });
  for (let round = 0; round < 5; round += 1) {
    await advance(ports, testPolicy);
    ports.database.finish('snapshots');
    ports.database.finish('held');
    await drain(world);
  }
  return { id, state: await stateOf(world, id) };
}

export async function stateOf({ ports }: ArtifactWorld, id: string): Promise<string | undefined> {
  return (await readPoints(ports.vault)).points.find((each) => each.id === id)?.state;
}

/** What readiness says of artifacts. */
export async function judged({ ports }: ArtifactWorld): Promise<{ status: StatusRecord; codes: string[] }> {
  const status = await readiness(ports, testPolicy);
  const about = /^(ARTIFACT|PRIMARY_CORRUPT|CHECKSUM|SIGNER)/;
  return { status, codes: status.findings.flatMap(({ code }) => (about.test(code) ? [code] : [])) };
}

/** Where in the DR site these bytes are: in their place, as a version, displaced. */
export async function whereIs({ ports }: ArtifactWorld, key: string, bytes: Buffer): Promise<string[]> {
  const [current, ...versions] = ports.replica.bodies(key);
  const found: string[] = [];
  if (current?.equals(bytes)) found.push('in place');
  if (versions.some((each) => each.equals(bytes))) found.push('version');
  if (ports.displaced.bodies(`displaced/${await hashOf(bytes)}`)[0]?.equals(bytes)) found.push('displaced');
  return found;
}

/** What the restored database says: these rows. */
export async function rowsAre({ ports }: ArtifactWorld, rows: Record<string, string>): Promise<void> {
  const lines = Object.entries(rows).sort(([a], [b]) => compareKeys(a, b));
  const text = lines.map(([key, checksum]) => `${JSON.stringify({ key, checksum })}\n`).join('');
  ports.inspection.answer = (report) => ({
    ...report,
    signers: [signer.name],
    packages: { key: 'inventory/rows.packages.ndjson.gz', count: lines.length },
  });
  await ports.vault.remove('inventory/rows.packages.ndjson.gz');
  await ports.vault.putStream(
    'inventory/rows.packages.ndjson.gz',
    packed(
      (async function* () {
        yield text;
      })(),
    ),
  );
}
