import { join } from 'node:path';
import { CreateKeyCommand, DisableKeyCommand, EnableKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  DescribeDBSnapshotsCommand,
  ModifyDBInstanceCommand,
  RestoreDBInstanceFromDBSnapshotCommand,
} from '@aws-sdk/client-rds';
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { clientOf } from '../../sandbox/demo/primary-site.ts';
import { type SeededBuilder, seedBuilder } from '../../sandbox/seed/builder.ts';
import type { SeededPackage } from '../../sandbox/seed/packages.ts';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { readKeyFolder } from '../../src/adapters/files/key-files.ts';
import { snapshotName } from '../../src/core/ids.ts';
import type { Point } from '../../src/core/points/documents.ts';
import { advance } from '../../src/jobs/advance.ts';
import { readInventory } from '../../src/jobs/artifacts/inventory.ts';
import { reconcile } from '../../src/jobs/artifacts/reconcile.ts';
import { escrowKeys } from '../../src/jobs/keys/escrow.ts';
import { capture } from '../../src/jobs/points/capture.ts';
import { readiness } from '../../src/jobs/readiness.ts';
import { readPoints } from '../../src/jobs/vault/points.ts';
import { awsPorts } from '../../src/wire/cli.ts';
import { dyingPorts } from '../setup/dying.ts';
import { DR, PASSWORD, PRIMARY, until, untilAvailable, World } from '../setup/world.ts';
import { silentLog } from '../world/ports.ts';

/** Real parts: the deployed ports over HTTP, PostgreSQL behind RDS, S3; states take 50 ms. */
let sandbox: Sandbox;
let world: World;
let builder: SeededBuilder;
/** All packages that Builder has: what a test publishes stays there. */
let published: SeededPackage[];
const publish = async () => {
  const made = await builder.publish();
  published.push(made);
  return made;
};

beforeAll(async () => {
  sandbox = await startSandbox();
  await sandbox.control.rds({ stateDelayMs: 50 });
  world = await World.create(sandbox, 'cycle');
  const port = await world.createInstance();
  const keysFolder = join(sandbox.address.folder, 'keys');
  builder = await seedBuilder({
    s3: world.s3,
    bucket: world.config.primary.bucket,
    database: { host: '127.0.0.1', port, user: 'hab', password: PASSWORD },
    packages: 12,
    contentBytes: 500,
    largeBytes: 10_600_000,
    seed: 'cycle',
    keysFolder,
  });
  published = [...builder.packages];
  await escrowKeys(world.ports, await readKeyFolder(keysFolder));
});
afterAll(async () => {
  await builder.close();
  await sandbox.stop();
});
beforeEach(async () => {
  await sandbox.control.faults([]);
  await sandbox.control.dark([]);
});

const policy = () => world.policy;
let minute = 0;
/** Each capture by hand has a second of its own, near the real now: data instants are real. */
const nextSecond = () => {
  minute += 1;
  return new Date(Date.now() - 3_600_000 + minute * 1_000);
};
const find = async (id: string): Promise<Point> =>
  (await readPoints(world.ports.vault)).points.find((each) => each.id === id) as Point;

async function untilProtected(id: string): Promise<Point> {
  return until(`${id} protected`, async () => {
    await advance(world.ports, policy());
    await world.drain();
    const point = await find(id);
    return point.state === 'protected' ? point : undefined;
  });
}

const captureByHand = (ports = world.ports) => capture(ports, policy(), { kind: 'manual', at: nextSecond() });
const snapshotsOf = async (name: string) => {
  const { DBSnapshots = [] } = await world.rds.send(new DescribeDBSnapshotsCommand({ SnapshotType: 'manual' }));
  return DBSnapshots.filter((each) => each.DBSnapshotIdentifier === name).length;
};

describe('one recovery point, end to end', () => {
  it('a lost RDS event changes nothing but the time: without any event it comes to protected', async () => {
    await sandbox.control.rds({ events: 'drop' });
    const point = await untilProtected((await captureByHand()).id);
    await sandbox.control.rds({ events: 'deliver' });
    expect(point.artifacts).toMatchObject({ state: 'complete', count: published.length });
    expect(point.history.map((each) => each.state)).toEqual(['capturing', 'captured', 'listing+copying', 'protected']);
  });

  it('the copied snapshot restores in the DR region, and the seeded rows are in it', async () => {
    const { id } = await untilProtected((await captureByHand()).id).then((point) => point);
    const DBInstanceIdentifier = 'restored';
    await world.drRds.send(
      new RestoreDBInstanceFromDBSnapshotCommand({ DBInstanceIdentifier, DBSnapshotIdentifier: snapshotName(id) }),
    );
    const port = await untilAvailable(world.drRds, DBInstanceIdentifier);
    await world.drRds.send(new ModifyDBInstanceCommand({ DBInstanceIdentifier, MasterUserPassword: 'restored-1' }));
    const rows = await until('a login with the new password', async () => {
      const client = new pg.Client({
        host: '127.0.0.1',
        port,
        user: 'hab',
        password: 'restored-1',
        database: 'builder',
      });
      try {
        await client.connect();
        const found = await client.query('SELECT ident, target, checksum FROM origin_packages ORDER BY ident, target');
        return found.rows as { ident: string; target: string; checksum: string }[];
      } catch {
        return undefined; // the password is not set yet
      } finally {
        await client.end();
      }
    });
    const checksums = published.map((each) => each.checksum);
    expect(rows.map((row) => row.checksum).sort()).toEqual([...checksums].sort());
  });

  it('a package uploaded while the snapshot is creating is in the inventory', async () => {
    const { id } = await captureByHand();
    const late = await publish();
    await untilProtected(id);
    const keys: string[] = [];
    for await (const page of readInventory(world.ports.vault, `inventory/${id}.artifacts.ndjson.gz`)) {
      keys.push(...page.map((entry) => entry.key));
    }
    expect(keys).toContain(late.key);
  });

  it('a run killed between CreateDBSnapshot and the document write resumes to one snapshot', async () => {
    const at = nextSecond();
    const request = { kind: 'manual' as const, at };
    // direction, the primary, read, write, event, tick, point and direction again, capture: it dies when the engine has accepted, before that is written.
    await expect(capture(dyingPorts(world.ports, 9, 'after'), policy(), request)).rejects.toThrow(
      'after call 9, capture',
    );
    const { id, database } = (await readPoints(world.ports.vault)).points.find(
      (each) => each.database.state === 'capturing',
    ) as Point;
    expect(database).toEqual({ state: 'capturing' });
    expect(await snapshotsOf(snapshotName(id))).toBe(1);
    await untilProtected(id);
    expect(await snapshotsOf(snapshotName(id))).toBe(1);
  });

  it('a lost response of CreateDBSnapshot comes to one snapshot too', async () => {
    await sandbox.control.faults([{ kind: 'lost-response', action: 'CreateDBSnapshot', times: 1 }]);
    const { id } = await captureByHand();
    expect(await snapshotsOf(snapshotName(id))).toBe(1);
    await untilProtected(id);
  });

  it('a lost response of CopyDBSnapshot comes to one copy', async () => {
    await sandbox.control.faults([{ kind: 'lost-response', action: 'CopyDBSnapshot', times: 1 }]);
    const { id } = await captureByHand();
    await untilProtected(id);
    expect((await world.ports.database.copies()).filter((each) => each.name === snapshotName(id))).toHaveLength(1);
  });

  it('throttling, an error inside a 200, a slow answer and lost answers of the vault only delay', async () => {
    await publish();
    await sandbox.control.faults([
      { kind: 'throttle', action: 'CreateDBSnapshot', times: 1 },
      { kind: 'error-in-200', action: 'CopyObject', times: 1 },
      { kind: 'throttle', service: 's3', action: 'ListObjectsV2', times: 1 },
      { kind: 'slow', action: 'CopyDBSnapshot', delayMs: 300, times: 1 },
      { kind: 'lost-response', action: 'PutObject', resource: 'vault-cycle/points', times: 2 },
    ]);
    await untilProtected((await captureByHand()).id);
  });

  it('two concurrent advance runs over real documents lose no update', async () => {
    const { id } = await captureByHand();
    await until('protected by pairs of runs', async () => {
      await Promise.all([advance(world.ports, policy()), advance(world.ports, policy())]);
      await world.drain();
      return (await find(id)).state === 'protected' ? true : undefined;
    });
    const states = (await find(id)).history.map((each) => each.state);
    expect(states).toEqual(['capturing', 'captured', 'listing+copying', 'protected']);
  });

  it('a copy that fails with SnapshotQuotaExceeded waits and then goes on', async () => {
    const held = (await world.ports.database.copies()).length;
    // The DR region is full; the primary has as many of its own, so let the source exist first.
    const { id } = await captureByHand();
    await until('captured', async () => {
      const facts = await world.ports.database.status(snapshotName(id));
      return facts?.status === 'available' ? true : undefined;
    });
    await sandbox.control.rds({ snapshotQuota: held });
    await advance(world.ports, policy());
    expect((await find(id)).database).toMatchObject({ state: 'captured', waiting: { code: 'QUOTA_EXCEEDED' } });
    expect((await readiness(world.ports, policy())).findings.map((each) => each.code)).not.toContain('COPY_STUCK');
    await sandbox.control.rds({ snapshotQuota: 100 });
    await untilProtected(id);
  });

  it('an artifact lost behind its back is found, and repaired by the comparison', async () => {
    await untilProtected((await captureByHand()).id);
    const Key = builder.packages[0]?.key ?? '';
    await world.drS3.send(new DeleteObjectCommand({ Bucket: world.config.dr.replicaBucket, Key }));
    const lost = await readiness(world.ports, policy());
    expect(lost).toMatchObject({ status: 'NOT_READY', recoverable: false });
    expect(lost.findings.find((each) => each.code === 'ARTIFACT_MISSING')?.samples).toEqual([Key]);
    expect(await reconcile(world.ports, policy())).toMatchObject({ record: { missing: { count: 1 }, queued: 1 } });
    expect(await world.drain()).toBe(1);
    expect((await readiness(world.ports, policy())).recoverable).toBe(true);
  });
});

describe('a primary that hangs', () => {
  it.each(['black-hole', 'reset'] as const)(
    'costs one time-out per run, and DR-only work is done first (%s)',
    async (mode) => {
      const first = (await captureByHand()).id;
      await until('the copy has begun', async () => {
        await advance(world.ports, policy());
        return (await find(first)).database.state !== 'capturing' ? true : undefined;
      });
      const second = (await captureByHand()).id;
      const third = (await captureByHand()).id;
      await world.drain();
      await until('the copy is there', async () => {
        const facts = await world.ports.database.copyStatus(snapshotName(first));
        return facts?.status === 'available' ? true : undefined;
      });
      await sandbox.control.dark([{ region: PRIMARY, mode }]);
      await sandbox.control.clearCalls();
      const dark = world.impatient;
      const report = await advance(dark, policy());
      expect(report.primaryDark).toBeDefined();
      expect((await find(first)).state).toBe('protected');
      expect([(await find(second)).state, (await find(third)).state]).toEqual(['capturing', 'capturing']);
      const calls = await sandbox.control.calls();
      const unanswered = calls.filter((each) => each.status === 0);
      // A refused connection is tried three times within a second; a silent one is not tried again.
      expect(new Set(unanswered.map((each) => each.action)).size).toBe(1);
      expect(unanswered.length).toBeLessThanOrEqual(mode === 'black-hole' ? 1 : 3);
      expect(calls.findIndex((each) => each.status === 0)).toBeGreaterThan(
        calls.findIndex((each) => each.action === 'DescribeDBSnapshots' && each.region === DR),
      );
      expect(await reconcile(dark, policy())).toMatchObject({
        primaryDark: expect.stringContaining('list primary-cycle'),
      });
      const status = await readiness(dark, policy());
      expect(status).toMatchObject({ status: 'NOT_READY', recoverable: true, protecting: false });
      expect(status.findings.map((each) => each.code)).toContain('PRIMARY_UNREACHABLE');
      await sandbox.control.dark([]);
      await untilProtected(second);
      await untilProtected(third);
    },
  );
});

describe('an encrypted database', () => {
  it('an unreachable KMS key is a finding with a hint, and the copy goes on once it works again', async () => {
    const kms = new KMSClient(clientOf(sandbox.address, DR));
    const primaryKms = new KMSClient(clientOf(sandbox.address, PRIMARY));
    const source = (await primaryKms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
    const KeyId = (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
    const secret = await World.create(sandbox, 'encrypted');
    await secret.createInstance({ kmsKeyId: source });
    await secret.upload('core/a.hart');
    secret.config.dr.snapshotKmsKey = KeyId;
    const ports = awsPorts(secret.config, 'sandbox.yml', silentLog);
    await kms.send(new DisableKeyCommand({ KeyId }));
    const { id } = await capture(ports, policy(), { kind: 'manual', at: nextSecond() });
    const stateOf = async () => (await readPoints(ports.vault)).points[0]?.database;
    await until('the refused copy', async () => {
      await advance(ports, policy());
      const database = await stateOf();
      return database?.state === 'captured' && database.waiting ? true : undefined;
    });
    expect(await stateOf()).toMatchObject({ waiting: { code: 'KMS_UNUSABLE' } });
    const found = (await readiness(ports, policy())).findings.filter((each) => each.code === 'DR_KMS_UNUSABLE');
    expect(found.map((each) => each.subject)).toEqual([KeyId, `copy of ${id}`]);
    expect(found[0]?.hint).toContain('Enable the key in the DR region');
    await kms.send(new EnableKeyCommand({ KeyId }));
    await until('the copy', async () => {
      await advance(ports, policy());
      return (await stateOf())?.state === 'copied' ? true : undefined;
    });
  });
});
