/**
 * What a drill costs us, the waiting for the engine left out: `node --expose-gc test/bench/drill.ts [packages]`.
 * Time: 10,000 rows and 10,000 objects in the sandbox. Memory: rows and listings of 1,000 and of 100,000, without objects.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { startSandbox } from '../../sandbox/start.ts';
import type { Ports } from '../../src/core/ports/all.ts';
import type { ArtifactStore, ObjectEntry } from '../../src/core/ports/artifacts.ts';
import { allFindings, isMoving, phaseSeconds } from '../../src/core/recovery/lifecycle.ts';
import type { Run } from '../../src/core/recovery/run.ts';
import { vaultKeys } from '../../src/core/vault-layout.ts';
import { advance } from '../../src/jobs/advance.ts';
import { mergeVerifications } from '../../src/jobs/artifacts/merge-verifications.ts';
import { startDrill } from '../../src/jobs/recovery/drill.ts';
import { RecoveryWorld } from '../setup/recovery-world.ts';

const PACKAGES = Number(process.argv[2] ?? 10_000);
const gc = globalThis.gc;
if (!gc) throw new Error('start it as: node --expose-gc test/bench/drill.ts');
const name = (n: number) => `p${String(n).padStart(6, '0')}`;
const keyOf = (n: number) =>
  `core/${name(n)}/1/20240101000000/x86_64/linux/core-${name(n)}-1-20240101000000-x86_64-linux.hart`;

/** Rows without their objects; all of them name the same bytes. */
async function insertRows(world: RecoveryWorld, count: number, checksum: string): Promise<void> {
  await world.sql(`INSERT INTO origin_packages (name, ident, ident_array, target, origin, checksum)
    SELECT p, 'core/' || p || '/1/20240101000000', ARRAY['core', p, '1', '20240101000000'], 'x86_64-linux', 'core', '${checksum}'
    FROM (SELECT 'p' || lpad(n::text, 6, '0') AS p FROM generate_series(0, ${count - 1}) n) names`);
}

/** The same signed package under many keys, in both buckets, with a record of its bytes each. */
async function uploadAll(world: RecoveryWorld, count: number): Promise<void> {
  const { s3, drS3, config } = world.world;
  const [model] = world.builder.packages.slice(1);
  const found = await s3.send(new GetObjectCommand({ Bucket: config.primary.bucket, Key: model?.key }));
  const Body = Buffer.from((await found.Body?.transformToByteArray()) ?? []);
  const numbers = [...Array(count).keys()];
  const work = async (): Promise<void> => {
    for (let n = numbers.pop(); n !== undefined; n = numbers.pop()) {
      await s3.send(new PutObjectCommand({ Bucket: config.primary.bucket, Key: keyOf(n), Body }));
      await drS3.send(new PutObjectCommand({ Bucket: config.dr.replicaBucket, Key: keyOf(n), Body }));
    }
  };
  await Promise.all(Array.from({ length: 16 }, work));
  const head = (await world.ports.replica.head(keyOf(0))) as ObjectEntry;
  const record = (key: string) => ({
    schema: 'verified/1',
    key,
    versionId: null,
    etag: head.etag,
    size: head.size,
    at: new Date().toISOString(),
    verdict: 'OK',
    signer: 'core-20240101000000',
    payloadBlake2b: null,
    fileBlake2b: model?.checksum,
    detail: null,
  });
  const lines = [...Array(count).keys()].map((n) => `${JSON.stringify(record(keyOf(n)))}\n`).join('');
  await world.ports.vault.put(vaultKeys.verificationLog(new Date(), 'bench'), lines, undefined);
}

/** A replica that lists what is not there. */
function listedOnly(store: ArtifactStore, count: number): ArtifactStore {
  async function* pages(): AsyncIterable<ObjectEntry[]> {
    for (let start = 0; start < count; start += 1_000) {
      const size = Math.min(1_000, count - start);
      yield Array.from({ length: size }, (_, n) => ({
        key: keyOf(start + n),
        size: 1,
        etag: '"e"',
        lastModified: new Date(0),
      }));
    }
  }
  return { ...store, pages };
}

/** Advances a drill to its end: our own seconds, and the largest heap after a collection. */
async function measure(world: RecoveryWorld, ports: Ports) {
  let own = 0;
  let heapBytes = 0;
  const watch = setInterval(() => {
    gc?.();
    heapBytes = Math.max(heapBytes, process.memoryUsage().heapUsed);
  }, 50);
  const request = { kind: 'drill', point: 'latest', readAll: false, at: world.nextSecond() } as const;
  let run: Run = await startDrill(ports, world.world.policy, request);
  while (isMoving(run)) {
    const begun = performance.now();
    await advance(ports, world.world.policy);
    own += performance.now() - begun;
    await new Promise((resolve) => setTimeout(resolve, 50));
    run = await world.run(run);
  }
  clearInterval(watch);
  const findings = allFindings(run).map((each) => `${each.code} ${each.count ?? ''}`);
  return {
    state: run.state,
    ownSeconds: Number((own / 1000).toFixed(2)),
    heapMb: Math.round(heapBytes / 1e6),
    findings,
    phases: phaseSeconds(run, new Date()),
    rows: run.attempts[0]?.comparison?.packages,
  };
}

const sandbox = await startSandbox();
try {
  await sandbox.control.rds({ stateDelayMs: 50 });
  const timed = await RecoveryWorld.create(sandbox, 'bench-time');
  const checksum = timed.builder.packages[1]?.checksum ?? '';
  await uploadAll(timed, PACKAGES);
  await insertRows(timed, PACKAGES, checksum);
  await timed.protect();
  await mergeVerifications(timed.ports);
  const results: Record<string, unknown> = { time: await measure(timed, timed.ports) };
  await timed.builder.close();
  for (const count of [1_000, 100_000]) {
    const world = await RecoveryWorld.create(sandbox, `bench-memory-${count}`);
    await world.protect();
    await insertRows(world, count, checksum);
    await world.protect();
    const ports = {
      ...world.ports,
      replica: listedOnly(world.ports.replica, count),
      hashEngine: world.ports.hashEngine,
    };
    results[`memory ${count}`] = await measure(world, ports);
    await world.builder.close();
  }
  process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  await writeFile(join(import.meta.dirname, 'drill-results.json'), `${JSON.stringify(results, null, 2)}\n`);
} finally {
  await sandbox.stop();
}
