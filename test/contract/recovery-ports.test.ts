import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CreateHostedZoneCommand, ListResourceRecordSetsCommand, Route53Client } from '@aws-sdk/client-route-53';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { clientOf } from '../../sandbox/demo/primary-site.ts';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { awsCutOver } from '../../src/adapters/aws/cut-over.ts';
import { lambdaInspection } from '../../src/adapters/aws/lambda-inspection.ts';
import { snapshotName } from '../../src/core/ids.ts';
import type { RestoredInstance } from '../../src/core/ports/recovery.ts';
import { fencedPolicy } from '../../src/core/recovery/fence.ts';
import { isUsable } from '../../src/core/recovery/instance-states.ts';
import { restoreRequest } from '../../src/core/recovery/restore-request.ts';
import { inspectionPorts } from '../../src/wire/inspection.ts';
import { testPolicy } from '../setup/policy.ts';
import { type RecoverySubject, subjectInMemory, subjectOnAws } from '../setup/recovery-subjects.ts';
import { RecoveryWorld } from '../setup/recovery-world.ts';
import { DR, until } from '../setup/world.ts';
import { silentLog } from '../world/ports.ts';

let sandbox: Sandbox;
let world: RecoveryWorld;
let snapshot: string;
beforeAll(async () => {
  sandbox = await startSandbox();
  await sandbox.control.rds({ stateDelayMs: 50 });
  world = await RecoveryWorld.create(sandbox, 'ports');
  snapshot = snapshotName((await world.protect()).id);
});
afterAll(async () => {
  await world.builder.close();
  await sandbox.stop();
});

const onAws = (): RecoverySubject => subjectOnAws(world, sandbox, snapshot);
const request = (subject: RecoverySubject, name: string, run = 'drills/1.json') =>
  restoreRequest(testPolicy.restore, 'scratch', {
    name,
    snapshot: subject.snapshot,
    sizeGib: 20,
    engineLifecycleSupport: undefined,
    className: 'db.t4g.small',
    run,
  });

describe.each([
  ['memory', subjectInMemory],
  ['AWS', onAws],
] as [string, () => RecoverySubject][])('the ports of a recovery on %s', (_name, open) => {
  let subject: RecoverySubject;
  beforeAll(() => {
    subject = open();
  });
  const untilInstance = (name: string, wanted: (facts: RestoredInstance | undefined) => boolean) =>
    until(name, async () => {
      await subject.settle();
      const facts = await subject.instances.status(name);
      return wanted(facts) ? (facts ?? true) : undefined;
    });

  const untilChangeable = (name: string) => untilInstance(name, (each) => each?.status === 'available');

  const available = async (name: string) => {
    await subject.instances.restore(request(subject, name));
    return untilInstance(name, (each) => each?.status === 'available');
  };

  it("a restore asked for twice makes one instance, with the tags of its own and not the source's", async () => {
    await subject.instances.restore(request(subject, 'hbdr-drill-1'));
    const facts = await available('hbdr-drill-1');
    expect(facts).toMatchObject({
      engineVersion: 'postgres 17.10',
      className: 'db.t4g.small',
      storageGib: 20,
      multiAz: false,
      masterUser: 'dbadmin',
      deletionProtection: false,
      tags: { 'builder-dr:run': 'drills/1.json', 'builder-dr:role': 'drill' },
    });
    expect((await subject.instances.list()).map((each) => each.name)).toContain('hbdr-drill-1');
  });

  it('an instance of another run under the name is not taken for ours', async () => {
    await available('hbdr-drill-foreign');
    const foreign = subject.instances.restore(request(subject, 'hbdr-drill-foreign', 'drills/2.json'));
    await expect(foreign).rejects.toMatchObject({ code: 'INSTANCE_MISMATCH' });
  });

  it('a restore that is asked for again before its instance is shown means "later"', async () => {
    const name = 'hbdr-drill-unseen';
    onTestFinished(async () => void (await subject.unseen(0)));
    await subject.unseen(2);
    await subject.instances.restore(request(subject, name));
    await expect(subject.instances.restore(request(subject, name))).rejects.toMatchObject({ code: 'INVALID_STATE' });
    expect(await subject.instances.status(name)).toBeUndefined();
    await subject.unseen(0);
    expect(await available(name)).toMatchObject({ name });
  });

  it('a password is pending until it is set', async () => {
    await available('hbdr-drill-password');
    await subject.hold();
    await subject.instances.setPassword('hbdr-drill-password', 'a-fresh-password-1');
    expect((await subject.instances.status('hbdr-drill-password'))?.pending).toBe(true);
    await untilInstance('hbdr-drill-password', (each) => each?.pending === false);
  });

  it('backups are turned on after a while, the instance serves meanwhile and after, and once is enough', async () => {
    await available('hbdr-drill-backups');
    await subject.hold();
    await subject.instances.turnBackupsOn('hbdr-drill-backups', 7);
    expect(await subject.instances.status('hbdr-drill-backups')).toMatchObject({
      backupRetentionDays: 0,
      pending: true,
    });
    const on = (each: RestoredInstance | undefined) => each?.backupRetentionDays === 7 && !each.pending;
    const facts = (await untilInstance('hbdr-drill-backups', on)) as RestoredInstance;
    expect(isUsable(facts.status)).toBe(true);
    await untilChangeable('hbdr-drill-backups');
    await subject.instances.turnBackupsOn('hbdr-drill-backups', 7);
    expect((await subject.instances.status('hbdr-drill-backups'))?.pending).toBe(false);
  });

  it('tags are added to those that are there', async () => {
    const { arn } = (await available('hbdr-drill-tags')) as RestoredInstance;
    await subject.instances.tag(arn, { 'builder-dr:role': 'aborted' });
    const { tags } = (await subject.instances.status('hbdr-drill-tags')) as RestoredInstance;
    expect(tags).toEqual({ 'builder-dr:run': 'drills/1.json', 'builder-dr:role': 'aborted' });
  });

  it("only a drill's instance is destroyed, and twice is once", async () => {
    await available('hbdr-drill-doomed');
    await expect(subject.instances.destroy('hbdr-failover-1')).rejects.toMatchObject({ code: 'BAD_USAGE' });
    await subject.instances.destroy('hbdr-drill-doomed');
    await subject.instances.destroy('hbdr-drill-doomed');
    await untilInstance('hbdr-drill-doomed', (each) => each === undefined);
    await subject.instances.destroy('hbdr-drill-doomed');
  });

  it('a password is made once, kept, and gone when it is removed', async () => {
    const first = await subject.secrets.ensure('hbdr-ports/one');
    expect(await subject.secrets.ensure('hbdr-ports/one')).toBe(first);
    await subject.secrets.remove('hbdr-ports/one');
    await subject.secrets.remove('hbdr-ports/one');
    expect(await subject.secrets.ensure('hbdr-ports/one')).not.toBe('');
    await expect(subject.secrets.resolve('secretsmanager:none')).rejects.toMatchObject({ code: 'SECRET_UNREADABLE' });
  });

  it('groups are swapped after a while, and a reboot is asked for', async () => {
    const group = await subject.fence.fenceGroup();
    const before = (await subject.fence.database())?.groups.map((each) => each.id) ?? [];
    await subject.hold();
    await subject.fence.setGroups([group]);
    expect((await subject.fence.database())?.groups.every((each) => each.status === 'active')).toBe(false);
    const settled = (wanted: string[]) =>
      until('the groups', async () => {
        await subject.settle();
        const state = await subject.fence.database();
        const ids = state?.groups.map((each) => (each.status === 'active' ? each.id : ''));
        return state?.status === 'available' && ids?.join() === wanted.join() ? true : undefined;
      });
    await settled([group]);
    await subject.hold();
    await subject.fence.reboot();
    expect((await subject.fence.database())?.status).toBe('rebooting');
    await settled([group]);
    await subject.fence.setGroups(before);
    await settled(before);
  });

  it('a policy is read, written and taken away', async () => {
    const statement = {
      Sid: 'X',
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:DeleteBucket',
      Resource: 'arn:aws:s3:::primary-ports',
    };
    const policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
    await subject.fence.setBucketPolicy(policy);
    expect(JSON.parse((await subject.fence.bucketPolicy()) ?? '')).toEqual(JSON.parse(policy));
    await subject.fence.setBucketPolicy(undefined);
    expect(await subject.fence.bucketPolicy()).toBeUndefined();
  });

  it('a probe is written until a policy of the bucket denies it, and again when that is gone', async () => {
    expect(await subject.fence.writeProbe()).toEqual({ result: 'written' });
    await subject.fence.setBucketPolicy(fencedPolicy(undefined, subject.bucket, 'aws'));
    expect(await subject.fence.writeProbe()).toEqual({ result: 'denied-by-resource-policy' });
    await expect(subject.fence.clearProbe()).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
    await subject.fence.setBucketPolicy(undefined);
    expect(await subject.fence.writeProbe()).toEqual({ result: 'written' });
    await subject.fence.clearProbe();
    await subject.fence.clearProbe();
  });
});

describe('AWS as it is', () => {
  it('names what a restore lacks: subnet group, parameter group, its family', async () => {
    const { instances } = world.ports;
    const there = { subnetGroup: 'builder-dr', parameterGroup: 'builder-postgres17' };
    const needed = { ...there, parameterGroupFamily: 'postgres17' };
    expect(await instances.missing(needed)).toEqual([]);
    expect(
      await instances.missing({ ...needed, subnetGroup: 'none', parameterGroupFamily: 'postgres18' }),
    ).toMatchObject([
      { code: 'DR_NETWORK_MISSING', subject: 'none' },
      {
        code: 'DR_PARAMETER_GROUP_MISSING',
        text: expect.stringContaining('is of family postgres17, the snapshot needs postgres18'),
      },
    ]);
    expect(await instances.missing({ ...there, parameterGroupFamily: undefined })).toEqual([]);
    expect(await instances.missing({ ...needed, parameterGroup: 'none' })).toMatchObject([
      { code: 'DR_PARAMETER_GROUP_MISSING', text: 'there is no parameter group none in the DR region' },
    ]);
  });

  it('a class that AWS has none of is NO_CAPACITY', async () => {
    await sandbox.control.rds({ insufficientCapacity: ['db.t4g.small'] });
    const refused = world.ports.instances.restore(request(onAws(), 'hbdr-drill-large'));
    await expect(refused).rejects.toMatchObject({ code: 'NO_CAPACITY' });
    await sandbox.control.rds({ insufficientCapacity: [] });
  });

  it('references are read from Secrets Manager, SSM and files; an error names the reference, never a value', async () => {
    const { secrets } = world.ports;
    expect(await secrets.resolve('secretsmanager:ports/database')).toBe('only-for-this-test-1');
    await world.ports.cutOver.publishSettings({ 'user.toml': 'host' });
    expect(await secrets.resolve('ssm:/hbdr-ports/builder/user.toml')).toBe('host');
    expect(await secrets.resolve(`file:${sandbox.address.folder}/database-ca.pem`)).toContain('BEGIN CERTIFICATE');
    await expect(secrets.resolve('file:/nonexistent')).rejects.toMatchObject({
      message: 'cannot read file:/nonexistent',
    });
  });

  it('the record of Route 53 is upserted', async () => {
    const route53 = new Route53Client(clientOf(sandbox.address, 'us-east-1'));
    const made = await route53.send(new CreateHostedZoneCommand({ Name: 'example.com', CallerReference: '1' }));
    const zone = made.HostedZone?.Id?.replace('/hostedzone/', '') ?? '';
    const ssm = new SSMClient(clientOf(sandbox.address, DR));
    const cutOver = awsCutOver({ ssm, prefix: '/x/', route53, record: { zone, name: 'db.example.com' } });
    for (const host of ['one.example.com', 'two.example.com']) await cutOver.dns?.point(host);
    const { ResourceRecordSets = [] } = await route53.send(new ListResourceRecordSetsCommand({ HostedZoneId: zone }));
    const record = ResourceRecordSets.find((each) => each.Type === 'CNAME');
    expect(record?.ResourceRecords).toEqual([{ Value: 'two.example.com' }]);
    await expect(ssm.send(new GetParameterCommand({ Name: '/x/none' }))).rejects.toThrow();
  });

  it('a function that is not there is said so', async () => {
    const { LambdaClient } = await import('@aws-sdk/client-lambda');
    const client = new LambdaClient(clientOf(sandbox.address, DR));
    const start = lambdaInspection({ client, functionName: 'hbdr-none' }).start({
      job: 'inspect-database',
      run: 'drills/1.json',
      report: 'reports/1.json',
      what: 'inspect',
    });
    await expect(start).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it("Builder's own routes are asked for origin and package, and an answer other than 2xx is said by its route", async () => {
    const asked: string[] = [];
    const server = createServer((incoming, response) => {
      asked.push(incoming.url ?? '');
      response.writeHead(incoming.url?.includes('broken') ? 404 : 200).end('bytes');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { builder } = inspectionPorts(world.world.config, silentLog);
    const key = (name: string) => `core/${name}/1/2024/x86_64/linux/core-${name}-1-2024-x86_64-linux.hart`;
    expect(await builder.ask(url, key('zlib'))).toContain('served core/zlib from database and bucket');
    expect(asked).toEqual(['/v1/depot/origins/core', '/v1/depot/pkgs/core/zlib/1/2024/download?target=x86_64-linux']);
    await expect(builder.ask(url, key('broken'))).rejects.toThrow(
      '/v1/depot/pkgs/core/broken/1/2024/download?target=x86_64-linux answered 404',
    );
    server.close();
  });

  it('what is kept of a deleted object: when it was deleted, and its versions', async () => {
    const [model] = world.builder.packages;
    const { primaryArtifacts } = world.ports;
    expect(await primaryArtifacts.history(model?.key ?? '')).toMatchObject({
      deletedAt: undefined,
      versions: [{ key: model?.key }],
    });
    expect(await primaryArtifacts.history('core/never')).toEqual({ deletedAt: undefined, versions: [] });
  });
});
