import { DescribeDBInstancesCommand } from '@aws-sdk/client-rds';
import {
  DeleteObjectCommand,
  GetBucketPolicyCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { FENCE_SID } from '../../src/core/recovery/fence.ts';
import { allFindings, current } from '../../src/core/recovery/lifecycle.ts';
import type { ProductionRun } from '../../src/core/recovery/run.ts';
import { advance } from '../../src/jobs/advance.ts';
import { abortFailover, unfence } from '../../src/jobs/recovery/call-off.ts';
import type { FailoverRequest } from '../../src/jobs/recovery/failover.ts';
import { readDirection } from '../../src/jobs/vault/direction.ts';
import { query, RecoveryWorld } from '../setup/recovery-world.ts';
import { PRIMARY, until } from '../setup/world.ts';

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
  subject = await RecoveryWorld.create(sandbox, `failover${worlds}`);
  await subject.protect();
});
afterEach(async () => {
  await sandbox.control.dark([]);
  await subject.builder.close();
});

const policy = () => subject.world.policy;
const start = (request: Partial<FailoverRequest> = {}, ports = subject.ports): Promise<ProductionRun> =>
  subject.startFailover(request, ports);
async function groups(): Promise<string[]> {
  const command = new DescribeDBInstancesCommand({ DBInstanceIdentifier: subject.world.config.primary.database });
  const { DBInstances } = await subject.world.rds.send(command);
  return (DBInstances?.[0]?.VpcSecurityGroups ?? []).map((each) => `${each.VpcSecurityGroupId} ${each.Status}`);
}

describe('a failover against real PostgreSQL and S3', () => {
  it('fences the primary, restores, checks, cuts over, and the new database answers with the very rows', async () => {
    const rows = 'SELECT ident, target, checksum FROM origin_packages ORDER BY id';
    const before = await subject.sql(rows);
    const others = await subject.drInstances();
    const run = await subject.finish(await start());
    expect({ state: run.state, errors: run.errors, findings: allFindings(run) }).toEqual({
      state: 'done',
      errors: [],
      findings: [],
    });
    expect(run.cutOver).toMatchObject({
      epoch: 1,
      steps: [
        { name: 'backups', ok: true },
        { name: 'builder settings', ok: true },
      ],
    });
    expect(await readDirection(subject.ports.vault)).toMatchObject({ direction: 'none', epoch: 1, failover: run.id });
    const { host, port } = current(run).available as { host: string; port: number };
    expect(await query({ ...subject.login, host, port }, rows)).toEqual(before);
    const made = (await subject.drInstances()).filter((name) => !others.includes(name));
    expect(made).toEqual([`hbdr-failover-${run.id}`]);
  });

  it('heals what the primary can still give: a lost object, wrong bytes, and one whose last version is all that is left', async () => {
    const { s3, drS3, config } = subject.world;
    const [lost, wrong, deleted] = subject.builder.packages.map((each) => each.key) as [string, string, string];
    const replica = { Bucket: config.dr.replicaBucket };
    await drS3.send(new DeleteObjectCommand({ ...replica, Key: lost }));
    await drS3.send(new PutObjectCommand({ ...replica, Key: wrong, Body: 'not a package' }));
    await drS3.send(new DeleteObjectCommand({ ...replica, Key: deleted }));
    await s3.send(new DeleteObjectCommand({ Bucket: config.primary.bucket, Key: deleted }));
    const run = await subject.finish(await start());
    expect([run.state, allFindings(run), current(run).healed]).toEqual(['done', [], 3]);
    expect(current(run).comparison).toMatchObject({ packages: 6, objects: 6 });
  });

  it('is not held up by a primary that refuses to give an artifact: it is found missing, by name, and can be accepted', async () => {
    const lost = subject.builder.packages[0]?.key ?? '';
    await subject.world.drS3.send(
      new DeleteObjectCommand({ Bucket: subject.world.config.dr.replicaBucket, Key: lost }),
    );
    await sandbox.control.faults([{ kind: 'error-in-200', action: 'CopyObject', resource: lost }]);
    const blocked = await subject.finish(await start());
    expect([blocked.state, allFindings(blocked).map((each) => [each.code, each.samples])]).toEqual([
      'blocked',
      [['ARTIFACT_MISSING', [lost]]],
    ]);
    const run = await subject.finish(await start({ point: current(blocked).point, acceptFindings: true }));
    await sandbox.control.faults([]);
    expect([run.state, current(run).outcome]).toEqual(['done', 'accepted']);
  });

  it('a pooled connection opened before the fence cannot write after it is confirmed', async () => {
    const pooled = new pg.Client({ ...subject.login, database: 'builder' });
    pooled.on('error', () => undefined);
    await pooled.connect();
    const insert = "INSERT INTO accounts (name) VALUES ('late') RETURNING id";
    expect((await pooled.query(insert)).rowCount).toBe(1);
    const run = await subject.finish(await start());
    expect(run.fence?.database.confirmedAt).toBeDefined();
    await expect(pooled.query("INSERT INTO accounts (name) VALUES ('later')")).rejects.toThrow();
    await expect(query(subject.login, 'SELECT 1')).rejects.toThrow(/pg_hba/);
    await expect(subject.world.upload('core/late.hart')).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  it.each(['black-hole', 'reset'] as const)(
    'with the primary dark (%s) it stops before the cut-over, says so, completes when told, and fences the primary that returns',
    async (mode) => {
      const dark = subject.world.impatient;
      await sandbox.control.dark([{ region: PRIMARY, mode }]);
      const blocked = await subject.finish(await start({}, dark), dark);
      expect(blocked.state).toBe('blocked');
      expect(blocked.blocked?.reason).toContain('unreachable');
      expect(blocked.blocked?.resume).toMatchObject({ acceptUnfenced: true, confirm: current(blocked).point });
      expect((await readDirection(subject.ports.vault)).direction).toBe('primary→dr');
      const run = await subject.finish(await start({ acceptUnfenced: true }, dark), dark);
      expect(run.state).toBe('done');
      expect(run.fence?.database.confirmedAt).toBeUndefined();
      await sandbox.control.dark([]);
      const fence = await until('the fence of the primary that is back', async () => {
        await advance(subject.ports, policy());
        const found = (await subject.run(run)).fence;
        return found?.database.confirmedAt ? found : undefined;
      });
      expect(fence?.database.confirmedAt).toBeDefined();
      expect(fence?.bucket.confirmedAt).toBeDefined();
      await expect(query(subject.login, 'SELECT 1')).rejects.toThrow(/pg_hba/);
    },
  );

  it('an abort before the cut-over gives the primary back as it was, and keeps what was restored', async () => {
    const { s3, config } = subject.world;
    const theirs = {
      Sid: 'Theirs',
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:DeleteBucket',
      Resource: `arn:aws:s3:::${config.primary.bucket}`,
    };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [theirs] });
    await s3.send(new PutBucketPolicyCommand({ Bucket: config.primary.bucket, Policy }));
    const original = await groups();
    await sandbox.control.rds({ insufficientCapacity: ['db.t4g.medium', 'db.m7g.large'] });
    const blocked = await subject.finish(await start());
    await sandbox.control.rds({ insufficientCapacity: [] });
    expect(blocked.blocked?.reason).toContain('db.m7g.large');
    expect(JSON.stringify(await s3.send(new GetBucketPolicyCommand({ Bucket: config.primary.bucket })))).toContain(
      FENCE_SID,
    );
    await abortFailover(subject.ports, policy());
    await until('the groups of before', async () => {
      await advance(subject.ports, policy());
      return (await groups()).join() === original.join() ? true : undefined;
    });
    expect(await groups()).toEqual(original);
    const { Policy: after } = await s3.send(new GetBucketPolicyCommand({ Bucket: config.primary.bucket }));
    expect(JSON.parse(after ?? '')).toEqual(JSON.parse(Policy));
    expect(await subject.sql('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect((await subject.run(blocked)).state).toBe('aborted');
  });

  it('after the cut-over an abort and an unfence are refused, and the answer names failback', async () => {
    await subject.finish(await start());
    await expect(abortFailover(subject.ports, policy())).rejects.toMatchObject({
      code: 'BAD_USAGE',
      hint: expect.stringContaining('failback'),
    });
    await expect(unfence(subject.ports, policy())).rejects.toMatchObject({ code: 'BAD_USAGE' });
  });

  it('needs the confirmation of the very point that it takes', async () => {
    await expect(start({ confirm: 'latest' })).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
  });

  it('a planned switchover fences first, takes a final point, and loses nothing', async () => {
    const late = await subject.builder.publish();
    const everything = [
      'accounts',
      'account_tokens',
      'origins',
      'origin_packages',
      'origin_channel_packages',
      'origin_secret_keys',
    ];
    const sql = everything
      .map((name) => `SELECT '${name}', md5(string_agg(t::text, '|' ORDER BY t::text)) FROM ${name} t`)
      .join(' UNION ALL ');
    const before = await subject.sql(sql);
    const run = await subject.finish(await start({ planned: true }));
    expect({ state: run.state, findings: allFindings(run), blocked: run.blocked }).toEqual({
      state: 'done',
      findings: [],
      blocked: undefined,
    });
    expect(run.history.map((each) => each.state)).toEqual([
      'planned',
      'fencing',
      'capturing-final',
      'restoring',
      'inspecting',
      'healing+verifying',
      'cutting-over',
      'smoke-testing',
      'done',
    ]);
    expect(current(run).point).toBe(run.kind === 'switchover' && run.finalPoint);
    expect(current(run).comparison).toMatchObject({ packages: 7, objects: 7, missing: { count: 0 } });
    expect(await subject.ports.replica.head(late.key)).toBeDefined();
    const { host, port } = current(run).available as { host: string; port: number };
    expect(await query({ ...subject.login, host, port }, sql)).toEqual(before);
  });
});
