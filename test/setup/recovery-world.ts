import { join } from 'node:path';
import { CreateSecurityGroupCommand, EC2Client } from '@aws-sdk/client-ec2';
import { CreateDBInstanceCommand, DescribeDBInstancesCommand } from '@aws-sdk/client-rds';
import { PutBucketVersioningCommand } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import pg from 'pg';
import { clientOf } from '../../sandbox/demo/primary-site.ts';
import { type SeededBuilder, seedBuilder } from '../../sandbox/seed/builder.ts';
import { createBuilderRole } from '../../sandbox/seed/role.ts';
import type { Sandbox } from '../../sandbox/start.ts';
import { readKeyFolder } from '../../src/adapters/files/key-files.ts';
import { stackNames } from '../../src/core/names.ts';
import type { Point } from '../../src/core/points/documents.ts';
import type { Ports } from '../../src/core/ports/all.ts';
import { isMoving, plannedRun } from '../../src/core/recovery/lifecycle.ts';
import { type ProductionRun, type Run, runSchema } from '../../src/core/recovery/run.ts';
import { advance } from '../../src/jobs/advance.ts';
import { mergeVerifications } from '../../src/jobs/artifacts/merge-verifications.ts';
import { escrowKeys } from '../../src/jobs/keys/escrow.ts';
import { capture } from '../../src/jobs/points/capture.ts';
import { startDrill } from '../../src/jobs/recovery/drill.ts';
import { type FailoverRequest, planFailover, startFailover } from '../../src/jobs/recovery/failover.ts';
import { encode, readDocument } from '../../src/jobs/vault/documents.ts';
import { readPoints } from '../../src/jobs/vault/points.ts';
import { runKey } from '../../src/jobs/vault/runs.ts';
import { PASSWORD, until, untilAvailable, World } from './world.ts';

/** The master user of the primary instance, which is not Builder's role. */
export const MASTER = { user: 'dbadmin', password: 'master-of-this-test-1' };

export type Login = { host: string; port: number; user: string; password: string };

const begunAt = Date.now() - 3_600_000;
let seconds = 0;

/** A world with a seeded Builder, a fence, and all that a restore needs in the DR region. */
export class RecoveryWorld {
  readonly world: World;
  readonly ports: Ports;
  readonly builder: SeededBuilder;
  /** Builder's own login at the primary. */
  readonly login: Login;

  private constructor(world: World, builder: SeededBuilder, login: Login, ports: Ports = world.ports) {
    this.world = world;
    this.ports = ports;
    this.builder = builder;
    this.login = login;
  }

  static async create(sandbox: Sandbox, name: string, packages = 6): Promise<RecoveryWorld> {
    const world = await World.create(sandbox, name);
    await installDrSite(world);
    const login = await createPrimary(world);
    const keysFolder = join(sandbox.address.folder, `keys-${name}`);
    const builder = await seedBuilder({
      s3: world.s3,
      bucket: world.config.primary.bucket,
      database: login,
      packages,
      contentBytes: 500,
      largeBytes: 2_000,
      seed: name,
      keysFolder,
    });
    await escrowKeys(world.ports, await readKeyFolder(keysFolder));
    return new RecoveryWorld(world, builder, login);
  }

  /** The stack for the other direction: this DR site is its primary. */
  async reverse(instance: string, login: Login): Promise<RecoveryWorld> {
    const { sandbox, config } = this.world;
    const { primary, dr } = config;
    const world = await World.create(sandbox, `${config.stage}-back`, (usual) => ({
      ...usual,
      primary: { region: dr.region, database: instance, bucket: dr.replicaBucket },
      dr: {
        ...usual.dr,
        region: primary.region,
        replicaBucket: primary.bucket,
        vaultBucket: `${dr.vaultBucket}-back`,
        reverseVaultBucket: dr.vaultBucket,
      },
    }));
    await installDrSite(world);
    await escrowKeys(world.ports, await readKeyFolder(join(sandbox.address.folder, `keys-${config.stage}`)));
    return new RecoveryWorld(world, this.builder, login);
  }

  /** The same stack, deployed again with another primary instance. */
  again(database: string): RecoveryWorld {
    const world = this.world.with((config) => ({ ...config, primary: { ...config.primary, database } }));
    const again = new RecoveryWorld(world, this.builder, this.login);
    return again;
  }

  /** An instant of its own for each request: ids are to the second, and worlds of one sandbox share the account. */
  nextSecond(): Date {
    seconds += 1;
    return new Date(begunAt + seconds * 1_000);
  }

  async point(id: string): Promise<Point> {
    return (await readPoints(this.ports.vault)).points.find((each) => each.id === id) as Point;
  }

  /** A new recovery point, protected, its artifacts verified and merged. */
  async protect(): Promise<Point> {
    const { id } = await capture(this.ports, this.world.policy, { kind: 'manual', at: this.nextSecond() });
    await until(`${id} protected`, async () => {
      await advance(this.ports, this.world.policy);
      await this.world.drain();
      return (await this.point(id)).state === 'protected' ? true : undefined;
    });
    await mergeVerifications(this.ports);
    return this.point(id);
  }

  async run<R extends Run>(run: R): Promise<R> {
    return (await readDocument(this.ports.vault, runKey(run), runSchema))?.value as R;
  }

  /** Advances until the run waits for nobody but its operator. */
  async finish<R extends Run>(run: R, ports: Ports = this.ports): Promise<R> {
    return until(`${run.kind} ${run.id}`, async () => {
      await advance(ports, this.world.policy);
      await this.world.drain();
      const now = await this.run(run);
      return isMoving(now) ? undefined : now;
    });
  }

  async drill(options: { point?: string; alarmTest?: boolean; readAll?: boolean } = {}): Promise<Run> {
    const { point = 'latest', alarmTest = false, readAll = false } = options;
    // Records of before the drill do not count when all is read again: then the time must be the real one.
    const at = readAll ? new Date() : this.nextSecond();
    const request = alarmTest
      ? ({ kind: 'alarm-test', point, at } as const)
      : ({ kind: 'drill', point, readAll, at } as const);
    return this.finish(await startDrill(this.ports, this.world.policy, request));
  }

  /** Starts a failover as its operator does: with the point that the plan names, unless the request says otherwise. */
  async startFailover(request: Partial<FailoverRequest> = {}, ports: Ports = this.ports): Promise<ProductionRun> {
    const { policy } = this.world;
    const whole = { point: 'latest', planned: false, acceptUnfenced: false, acceptFindings: false, ...request };
    const { confirm } = await planFailover(ports, policy, { point: 'latest', planned: whole.planned });
    return startFailover(ports, policy, { confirm: confirm ?? '', ...whole });
  }

  /** The record of a failover that nobody has carried on yet. */
  async plannedFailover(): Promise<Run> {
    const { points } = await readPoints(this.ports.vault);
    const wanted = { kind: 'failover', point: 'latest', acceptUnfenced: false, acceptFindings: false } as const;
    const ids = points.map((each) => each.id).reverse();
    const run = plannedRun(wanted, this.nextSecond(), ids, this.world.policy);
    await this.ports.vault.put(runKey(run), encode(run), undefined);
    return run;
  }

  async drInstances(): Promise<string[]> {
    const { DBInstances = [] } = await this.world.drRds.send(new DescribeDBInstancesCommand({}));
    return DBInstances.map((each) => each.DBInstanceIdentifier ?? '').sort();
  }

  /** Runs SQL at the primary, as Builder. */
  async sql(text: string): Promise<unknown[]> {
    return query(this.login, text);
  }
}

export async function query(login: Login, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ ...login, database: 'builder' });
  await client.connect();
  try {
    return (await client.query(text)).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

async function installDrSite(world: World): Promise<void> {
  const { sandbox, config, s3, drS3 } = world;
  const { stage, builder, primary, dr } = config;
  for (const [client, Bucket] of [
    [s3, primary.bucket],
    [drS3, dr.replicaBucket],
    [drS3, dr.vaultBucket],
  ] as const) {
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  }
  const secrets = new SecretsManagerClient(clientOf(sandbox.address, dr.region));
  const values = [
    builder.databasePassword,
    PASSWORD,
    builder.s3KeyId,
    sandbox.address.accessKeyId,
    builder.s3SecretKey,
  ];
  values.push(sandbox.address.secretAccessKey);
  for (let n = 0; n < values.length; n += 2) {
    const Name = values[n]?.replace('secretsmanager:', '');
    await secrets.send(new CreateSecretCommand({ Name, SecretString: values[n + 1] }));
  }
  const group = await new EC2Client(clientOf(sandbox.address, primary.region)).send(
    new CreateSecurityGroupCommand({ GroupName: `${stage}-fence`, Description: 'no rules' }),
  );
  await new SSMClient(clientOf(sandbox.address, primary.region)).send(
    new PutParameterCommand({ Name: stackNames(stage).fenceGroup, Value: group.GroupId, Type: 'String' }),
  );
}

async function createPrimary(world: World): Promise<Login> {
  const DBInstanceIdentifier = world.config.primary.database;
  const master = { host: '127.0.0.1', ...MASTER };
  await world.rds.send(
    new CreateDBInstanceCommand({
      DBInstanceIdentifier,
      DBInstanceClass: 'db.t4g.medium',
      Engine: 'postgres',
      MasterUsername: master.user,
      MasterUserPassword: master.password,
      AllocatedStorage: 20,
      MultiAZ: true,
      BackupRetentionPeriod: 7,
    }),
  );
  const port = await untilAvailable(world.rds, DBInstanceIdentifier);
  return createBuilderRole({ ...master, port }, 'hab', PASSWORD);
}
