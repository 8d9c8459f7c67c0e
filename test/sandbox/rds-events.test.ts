import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import {
  CreateDBInstanceCommand,
  CreateDBSnapshotCommand,
  DescribeDBSnapshotsCommand,
  RDSClient,
} from '@aws-sdk/client-rds';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOf } from '../../sandbox/demo/primary-site.ts';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { PASSWORD, PRIMARY, until, untilAvailable } from '../setup/world.ts';

let sandbox: Sandbox;
let rds: RDSClient;
const DBInstanceIdentifier = 'source';

beforeAll(async () => {
  sandbox = await startSandbox();
  await sandbox.control.rds({ stateDelayMs: 50 });
  rds = new RDSClient(clientOf(sandbox.address, PRIMARY));
  const settings = { DBInstanceClass: 'db.t4g.micro', Engine: 'postgres', MasterUsername: 'hab', AllocatedStorage: 20 };
  await rds.send(new CreateDBInstanceCommand({ DBInstanceIdentifier, ...settings, MasterUserPassword: PASSWORD }));
  await untilAvailable(rds, DBInstanceIdentifier);
});
afterAll(() => sandbox.stop());

const available = async (DBSnapshotIdentifier: string) =>
  until(DBSnapshotIdentifier, async () => {
    const { DBSnapshots } = await rds.send(new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier }));
    return DBSnapshots?.[0]?.Status === 'available' ? true : undefined;
  });

describe('the events of the RDS of the sandbox', () => {
  it.each([
    ['deliver', 2],
    ['double', 4],
    ['drop', 0],
  ] as const)('events of a snapshot reach the bus of its region: %s', async (events, expected) => {
    const client = clientOf(sandbox.address, PRIMARY);
    const sqs = new SQSClient({ ...client, useQueueUrlAsEndpoint: false });
    const QueueName = `events-${events}`;
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName }));
    const Arn = `arn:aws:sqs:${PRIMARY}:000000000000:${QueueName}`;
    const statement = {
      Effect: 'Allow',
      Principal: { Service: 'events.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: Arn,
    };
    await sqs.send(
      new SetQueueAttributesCommand({
        QueueUrl,
        Attributes: { Policy: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }) },
      }),
    );
    const bus = new EventBridgeClient(client);
    const EventPattern = JSON.stringify({ source: ['aws.rds'], detail: { SourceIdentifier: [`ev-${events}`] } });
    await bus.send(new PutRuleCommand({ Name: QueueName, EventPattern }));
    await bus.send(new PutTargetsCommand({ Rule: QueueName, Targets: [{ Id: 'q', Arn }] }));
    await sandbox.control.rds({ events });
    await rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier, DBSnapshotIdentifier: `ev-${events}` }));
    await available(`ev-${events}`);
    const depth = async () => {
      const { Attributes } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
      );
      return Number(Attributes?.ApproximateNumberOfMessages);
    };
    await until(`${expected} events`, async () => ((await depth()) === expected ? true : undefined));
    await sandbox.control.rds({ events: 'deliver' });
    expect(await depth()).toBe(expected);
  });
});
