import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateDBSnapshotCommand,
  DeleteDBSnapshotCommand,
  DescribeDBSnapshotsCommand,
  ModifyDBSnapshotAttributeCommand,
  RDSClient,
} from '@aws-sdk/client-rds';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOf } from '../../sandbox/demo/primary-site.ts';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { POINT_TAG, snapshotName } from '../../src/core/ids.ts';
import { type Point, pointSchema } from '../../src/core/points/documents.ts';
import { vaultKeys } from '../../src/core/vault-layout.ts';
import { planPrune, prune } from '../../src/jobs/points/prune.ts';
import { readArchived } from '../../src/jobs/vault/archive.ts';
import { RecoveryWorld } from '../setup/recovery-world.ts';
import { retention } from '../setup/retention.ts';
import { PRIMARY, until } from '../setup/world.ts';

let sandbox: Sandbox;
let subject: RecoveryWorld;
let points: Point[];
const policy = () => ({ ...subject.world.policy, retention: retention({ last: 1, primarySnapshots: 1 }) });
const names = async (client: RDSClient) =>
  (await client.send(new DescribeDBSnapshotsCommand({}))).DBSnapshots?.map(
    (each) => each.DBSnapshotIdentifier,
  ).toSorted();

beforeAll(async () => {
  sandbox = await startSandbox();
  await sandbox.control.rds({ stateDelayMs: 50 });
  subject = await RecoveryWorld.create(sandbox, 'prune');
  points = [await subject.protect(), await subject.protect(), await subject.protect()];
});
afterAll(async () => {
  await subject.builder.close();
  await sandbox.stop();
});

describe('a prune against real parts', () => {
  it('removes nothing before its plan is confirmed, and then what was confirmed, but for what is shared', async () => {
    const { ports, world } = subject;
    const [a = '', b = '', c = ''] = points.map((each) => each.id);
    const { rds } = world;
    expect((await prune(ports, policy())).unconfirmed).toMatchObject({ points: 2, ofPoints: 3 });
    expect(await names(rds)).toEqual([a, b, c].map(snapshotName));
    const shared = { DBSnapshotIdentifier: snapshotName(a), AttributeName: 'restore' };
    await rds.send(new ModifyDBSnapshotAttributeCommand({ ...shared, ValuesToAdd: ['111122223333'] }));
    const confirmed = await prune(ports, policy(), (await planPrune(ports, policy())).unconfirmed?.id);
    expect(confirmed).toMatchObject({ removed: [b], waits: [{ point: a, part: 'primary snapshot', code: 'SHARED' }] });
    expect(await names(rds)).toEqual([snapshotName(a), snapshotName(c)]);
    expect(await names(world.drRds)).toEqual([snapshotName(c)]);
    await rds.send(new ModifyDBSnapshotAttributeCommand({ ...shared, ValuesToRemove: ['111122223333'] }));
    expect(await prune(ports, policy())).toMatchObject({ removed: [a], waits: [] });
    expect(await names(rds)).toEqual([snapshotName(c)]);
    const { found, unreadable } = await readArchived(ports.vault, vaultKeys.points, pointSchema);
    expect([found.map((each) => [each.id, each.state]), unreadable]).toEqual([
      [
        [b, 'expired'],
        [a, 'expired'],
      ],
      [],
    ]);
    expect((await ports.vault.list('inventory/')).map((each) => each.key)).toEqual([vaultKeys.artifactInventory(c)]);
  });

  it('leaves what a drill restores, and proves', async () => {
    const run = await subject.drill();
    expect([run.state, run.attempts[0]?.point]).toEqual(['passed', points[2]?.id]);
    expect((await subject.point(points[2]?.id ?? '')).state).toBe('proven');
    expect(await prune(subject.ports, policy())).toMatchObject({ expired: [], trimmed: [], waits: [], stopped: [] });
  });

  it('may delete, by the right of its role, what carries our tag and nothing else', async () => {
    const UserName = 'pruner';
    const iam = new IAMClient(clientOf(sandbox.address, PRIMARY));
    await iam.send(new CreateUserCommand({ UserName }));
    const Statement = {
      Effect: 'Allow',
      Action: 'rds:DeleteDBSnapshot',
      Resource: 'arn:aws:rds:*:*:snapshot:hbdr-*',
      Condition: { Null: { [`aws:ResourceTag/${POINT_TAG}`]: 'false' } },
    };
    const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
    await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'prune', PolicyDocument }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
    const credentials = {
      accessKeyId: AccessKey?.AccessKeyId ?? '',
      secretAccessKey: AccessKey?.SecretAccessKey ?? '',
    };
    const pruner = new RDSClient({ ...clientOf(sandbox.address, PRIMARY), credentials });
    const DBInstanceIdentifier = subject.world.config.primary.database;
    for (const [name, Tags] of [
      ['hbdr-theirs', [{ Key: 'owner', Value: 'them' }]],
      ['hbdr-ours', [{ Key: POINT_TAG, Value: 'ours' }]],
    ] as const) {
      const snapshot = { DBInstanceIdentifier, DBSnapshotIdentifier: name, Tags: [...Tags] };
      await subject.world.rds.send(new CreateDBSnapshotCommand(snapshot));
      await until(name, async () =>
        (await subject.ports.database.status(name))?.status === 'available' ? true : undefined,
      );
    }
    const theirs = pruner.send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: 'hbdr-theirs' }));
    await expect(theirs).rejects.toMatchObject({ name: expect.stringContaining('AccessDenied') });
    await pruner.send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: 'hbdr-ours' }));
    expect(await names(subject.world.rds)).toEqual(expect.not.arrayContaining(['hbdr-ours']));
    expect(await names(subject.world.rds)).toEqual(expect.arrayContaining(['hbdr-theirs']));
  });
});
