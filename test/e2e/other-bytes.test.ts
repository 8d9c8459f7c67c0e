import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { blake2b256 } from '../../sandbox/seed/hart.ts';
import type { SeededPackage } from '../../sandbox/seed/packages.ts';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { allFindings, current } from '../../src/core/recovery/lifecycle.ts';
import { reconcile } from '../../src/jobs/artifacts/reconcile.ts';
import { readiness } from '../../src/jobs/readiness.ts';
import { startFailover } from '../../src/jobs/recovery/failover.ts';
import { RecoveryWorld } from '../setup/recovery-world.ts';

/** Real parts: a bucket that keeps versions, the deployed ports over HTTP, rows of a real database. */
let sandbox: Sandbox;
let subject: RecoveryWorld;
let worlds = 0;
beforeAll(async () => {
  sandbox = await startSandbox();
  await sandbox.control.rds({ stateDelayMs: 50 });
});
afterAll(() => sandbox.stop());
beforeEach(async () => {
  worlds += 1;
  subject = await RecoveryWorld.create(sandbox, `bytes${worlds}`);
});
afterEach(() => subject.builder.close());

const inPrimary = (Key: string) => ({ Bucket: subject.world.config.primary.bucket, Key });
const inReplica = (Key: string) => ({ Bucket: subject.world.config.dr.replicaBucket, Key });
async function checksumInReplica(key: string): Promise<string> {
  const { Body } = await subject.world.drS3.send(new GetObjectCommand(inReplica(key)));
  return blake2b256((await Body?.transformToByteArray()) ?? new Uint8Array());
}
async function bytesAtPrimary(key: string): Promise<Buffer> {
  const { Body } = await subject.world.s3.send(new GetObjectCommand(inPrimary(key)));
  return Buffer.from((await Body?.transformToByteArray()) ?? new Uint8Array());
}
const flipped = (bytes: Buffer) => {
  const out = Buffer.from(bytes);
  out[out.length - 1] = (out.at(-1) ?? 0) ^ 1;
  return out;
};
const packages = (...at: number[]) => at.map((n) => subject.builder.packages[n] as SeededPackage);

/** One hour of the schedule; answers how much there was to do. */
async function anHour(): Promise<number> {
  await reconcile(subject.ports, subject.world.policy);
  return subject.world.drain();
}
async function judged() {
  const { findings, recoverable } = await readiness(subject.ports, subject.world.policy);
  const about = findings.filter(({ code }) => /^(ARTIFACT|PRIMARY_CORRUPT|CHECKSUM|SIGNER)/.test(code));
  return { codes: about.map(({ code }) => code), samples: about.map((each) => each.samples), recoverable };
}

describe('other bytes under the same key', () => {
  it('that are the same bytes change nothing, and are found once', async () => {
    const first = await subject.protect();
    const [made] = packages(1) as [SeededPackage];
    const before = await subject.ports.replica.head(made.key);
    await subject.world.upload(made.key, await bytesAtPrimary(made.key));
    await anHour();
    await anHour();
    expect([await anHour(), await subject.ports.replica.head(made.key)]).toEqual([0, before]);
    expect(await judged()).toEqual({ codes: [], samples: [], recoverable: true });
    expect(first.state).toBe('protected');
  });

  it('of a package that was deleted and uploaded anew: each point has its own, in drills and in a failover', async () => {
    const first = await subject.protect();
    const [same, longer] = packages(1, 2) as [SeededPackage, SeededPackage];
    const anew = [await subject.builder.publishAnew(same), await subject.builder.publishAnew(longer, 900)];
    const second = await subject.protect();
    await anHour();
    expect(await Promise.all(anew.map(({ key }) => checksumInReplica(key)))).toEqual(anew.map((each) => each.checksum));
    expect(await judged()).toMatchObject({ codes: [], recoverable: true });
    const drills = [await subject.drill({ point: first.id }), await subject.drill({ point: second.id })];
    expect(drills.map((run) => [run.state, allFindings(run), current(run).comparison?.displaced?.count])).toEqual([
      ['passed', [], 2],
      ['passed', [], 0],
    ]);
    const wanted = { point: first.id, confirm: first.id, planned: false, acceptUnfenced: false, acceptFindings: false };
    const run = await subject.finish(await startFailover(subject.ports, subject.world.policy, wanted));
    expect([run.state, allFindings(run), current(run).healed]).toEqual(['done', [], 2]);
    const served = await Promise.all([same, longer].map(({ key }) => checksumInReplica(key)));
    expect(served).toEqual([same.checksum, longer.checksum]);
    for (const { checksum } of anew) expect(await subject.ports.displaced.head(`displaced/${checksum}`)).toBeDefined();
  });

  it('that do not verify leave the good ones in place, and say which side is wrong', async () => {
    await subject.protect();
    const [made] = packages(1) as [SeededPackage];
    await subject.world.upload(made.key, flipped(await bytesAtPrimary(made.key)));
    const later = await subject.protect();
    await anHour();
    expect(await anHour()).toBe(0);
    expect(await judged()).toEqual({ codes: ['PRIMARY_CORRUPT'], samples: [[made.key]], recoverable: true });
    expect([later.state, await checksumInReplica(made.key)]).toEqual(['protected', made.checksum]);
    expect((await subject.drill()).state).toBe('passed');
  });
});

describe('the only copy that is left', () => {
  it('is healed from the version before, or is critical where there is none', async () => {
    await subject.protect();
    const [healed, lost] = packages(1, 2) as [SeededPackage, SeededPackage];
    const { s3, drS3 } = subject.world;
    for (const { key } of [healed, lost]) await s3.send(new DeleteObjectCommand(inPrimary(key)));
    const { versionId = '' } = (await subject.ports.replica.head(lost.key)) ?? {};
    for (const { key } of [healed, lost]) {
      const { Body } = await drS3.send(new GetObjectCommand(inReplica(key)));
      const bad = flipped(Buffer.from((await Body?.transformToByteArray()) ?? []));
      await drS3.send(new PutObjectCommand({ ...inReplica(key), Body: bad }));
    }
    await drS3.send(new DeleteObjectCommand({ ...inReplica(lost.key), VersionId: versionId }));
    for (let hour = 0; hour < 6; hour += 1) await anHour();
    expect(await checksumInReplica(healed.key)).toBe(healed.checksum);
    expect(await judged()).toEqual({ codes: ['ARTIFACT_CORRUPT'], samples: [[lost.key]], recoverable: false });
    expect(await anHour()).toBe(0);
  });
});
