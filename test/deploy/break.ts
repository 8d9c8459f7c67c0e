import { GetRolePolicyCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { DeleteObjectCommand, HeadObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { invokeFailover, planFailover, untilSettled } from '../../sandbox/demo/recovery.ts';
import { until } from '../../sandbox/until.ts';
import type { Installed } from './install.ts';
import {
  alarmState,
  client,
  dr,
  invoke,
  lambda,
  must,
  operator,
  primary,
  protectedPoint,
  replica,
  sandbox,
  show,
  stage,
  told,
} from './site.ts';

/** A handler that throws ends in its queue and rings; DR in the dark rings in the primary region. */
export async function breakThings({ inbox, relayInbox }: Installed): Promise<void> {
  await show.step('failure', 'a handler that throws ends in its OnFailure queue and rings', async () => {
    const Payload = Buffer.from('{"hello":"world"}');
    const FunctionName = `hbdr-${stage}-capture`;
    await lambda.send(new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload }));
    await told(inbox, 'the alarm', (letter) => letter.subject.includes(`hbdr-${stage}-capture-failed`));
  });
  const silent = `hbdr-${stage}-dr-silent`;
  await show.step('heartbeat', 'the primary region hears the heartbeat', () =>
    until('the heartbeat', async () => ((await alarmState(primary.region, silent)) === 'OK' ? true : undefined)),
  );
  await sandbox.control.dark([{ region: dr.region, mode: 'reset' }]);
  await show.step('silence', 'with DR dark the alarm of the primary region rings', () =>
    told(relayInbox, 'the silence', (letter) => letter.subject.startsWith(`ALARM: "${silent}"`)),
  );
  await sandbox.control.dark([]);
}

export async function loseAnArtifact(): Promise<void> {
  await show.step('lost', 'an artifact that the replica lost is brought back by the comparison', async () => {
    const { Contents = [] } = await replica.send(new ListObjectsV2Command({ Bucket: dr.replicaBucket }));
    const key = Contents[0]?.Key ?? '';
    await replica.send(new DeleteObjectCommand({ Bucket: dr.replicaBucket, Key: key }));
    const there = () =>
      replica.send(new HeadObjectCommand({ Bucket: dr.replicaBucket, Key: key })).then(
        () => true as const,
        () => undefined,
      );
    must((await there()) === undefined, 'it is gone');
    await until('the repair', there);
  });
}

/** One action less in one role: the failure must be told, twice, and end when the action is back. */
export async function takeARightAway({ inbox }: Installed): Promise<void> {
  const iam = new IAMClient(client(dr.region));
  const role = { RoleName: `hbdr-${stage}-advance`, PolicyName: 'advance' };
  const { PolicyDocument = '' } = await iam.send(new GetRolePolicyCommand(role));
  const before = decodeURIComponent(PolicyDocument);
  const policy = JSON.parse(before) as { Statement: { Action: string[] }[] };
  policy.Statement = policy.Statement.filter((each) => !each.Action.includes('rds:CopyDBSnapshot'));
  must(JSON.stringify(policy).length < before.length, 'a statement was taken away');
  await iam.send(new PutRolePolicyCommand({ ...role, PolicyDocument: JSON.stringify(policy) }));
  const { id } = await invoke('capture', 'capture-manual');
  await show.step(
    'right',
    'without rds:CopyDBSnapshot an alarm rings, and readiness names what is missing',
    async () => {
      await told(inbox, 'the finding', (letter) => letter.body.includes('RIGHT_MISSING'));
      await told(inbox, 'the alarm', (letter) => letter.subject.includes(`hbdr-${stage}-advance-failed`));
    },
  );
  await iam.send(new PutRolePolicyCommand({ ...role, PolicyDocument: before }));
  await show.step('right back', 'with it the point goes on by itself', () =>
    until('a protected point', () => protectedPoint(String(id))),
  );
}

/** The one call that fails over, against a primary that answers: both halves of the fence, cut-over, and back. */
export async function failOver({ inbox }: Installed): Promise<void> {
  await show.step('called off', 'a failover is started and called off, and its fence taken away', async () => {
    await sandbox.control.rds({ held: true });
    const { confirm } = await planFailover(operator);
    await invokeFailover(operator, { action: 'start', point: confirm, confirm });
    await invokeFailover(operator, { action: 'abort' });
    await invokeFailover(operator, { action: 'unfence' });
    await sandbox.control.rds({ held: false });
  });
  const run = await show.step('failover', 'the failover function fails over, and tells', async () => {
    const { confirm } = await planFailover(operator);
    await invokeFailover(operator, { action: 'start', point: confirm, confirm });
    return untilSettled(operator);
  });
  must(run.state === 'done', `the failover is done: ${JSON.stringify(run.history)}`);
  await told(inbox, 'the failover', (letter) => letter.subject.includes('failover'));
}
