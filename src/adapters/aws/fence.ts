import {
  DescribeDBInstancesCommand,
  ModifyDBInstanceCommand,
  type RDSClient,
  RebootDBInstanceCommand,
} from '@aws-sdk/client-rds';
import {
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  GetBucketPolicyCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { GetParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { FENCE_PROBE_KEY } from '../../core/artifacts/reserved.ts';
import type { FencePort, ProbeOutcome } from '../../core/ports/recovery.ts';
import { DrError, describeError, hasCode } from '../../errors.ts';
import { callsTo, ifThere } from './errors.ts';

/** All clients are of the primary region. */
export type FenceOptions = {
  rds: RDSClient;
  s3: S3Client;
  ssm: SSMClient;
  instanceId: string;
  bucket: string;
  /** The parameter in which the relay stack says which group fences. */
  groupParameter: string;
};

const call = callsTo('primary');

/**
 * By S3's own keys, for which the role needs no right on a key of KMS; and as the bucket is set, for a policy of it may
 * demand that. A denial of one way alone is not the fence's.
 */
const WAYS: Partial<PutObjectCommandInput>[] = [{ ServerSideEncryption: 'AES256' }, {}];

/**
 * S3 tells which kind of policy denied a write in its message alone, and to callers of the bucket's own account or
 * organization only (User Guide: "Troubleshoot access denied errors"). Anything else is not taken for it: a denial by
 * the role's own policy, an organization's, an endpoint's, KMS's, or the bare "Access Denied".
 */
function byBucketsOwnPolicy(error: DrError, object: string): boolean {
  const { cause } = error;
  if (!(cause instanceof Error) || cause.name !== 'AccessDenied') return false;
  const [, key = '', reason = ''] =
    / is not authorized to perform: s3:PutObject on resource: "([^"]+)" (.+)$/.exec(cause.message) ?? [];
  return key.endsWith(`:::${object}`) && /^with an explicit deny in a resource-based policy\b/.test(reason);
}

/** One object that is no artifact, written to see whether writes are denied. */
function probing(s3: S3Client, bucket: string): Pick<FencePort, 'writeProbe' | 'clearProbe'> {
  const probe = { Bucket: bucket, Key: FENCE_PROBE_KEY };
  const probeName = `${bucket}/${FENCE_PROBE_KEY}`;
  const clearProbe = async () => {
    await call(`delete ${probeName}`, probeName, () => s3.send(new DeleteObjectCommand(probe)));
  };
  const write = async (how: Partial<PutObjectCommandInput>): Promise<ProbeOutcome> => {
    const command = new PutObjectCommand({ ...probe, ...how, Body: 'Tries whether writes are fenced.\n' });
    try {
      await call(`write ${probeName}`, probeName, () => s3.send(command));
    } catch (error) {
      if (!hasCode(error, 'ACCESS_DENIED')) throw error;
      if (byBucketsOwnPolicy(error, probeName)) return { result: 'denied-by-resource-policy' };
      return { result: 'denied-otherwise', detail: describeError(error) };
    }
    // That it was written is what counts. What is left is no artifact; lifting the fence deletes it.
    await clearProbe().catch(() => undefined);
    return { result: 'written' };
  };
  return {
    async writeProbe(): Promise<ProbeOutcome> {
      const outcomes: ProbeOutcome[] = [];
      for (const how of WAYS) {
        const outcome = await write(how);
        if (outcome.result === 'written') return outcome;
        outcomes.push(outcome);
      }
      return outcomes.find((each) => each.result === 'denied-otherwise') ?? { result: 'denied-by-resource-policy' };
    },
    clearProbe,
  };
}

/** Takes writes away from the primary site: its database by security groups, its bucket by policy. */
export function awsFence({ rds, s3, ssm, instanceId, bucket, groupParameter }: FenceOptions): FencePort {
  const where = { Bucket: bucket };
  return {
    async fenceGroup() {
      const command = new GetParameterCommand({ Name: groupParameter });
      try {
        return (await call(`read ${groupParameter}`, groupParameter, () => ssm.send(command))).Parameter?.Value ?? '';
      } catch (error) {
        if (!hasCode(error, 'NOT_FOUND')) throw error;
        throw new DrError('NOT_FOUND', `the primary region has no parameter ${groupParameter}`, {
          subject: groupParameter,
          cause: error,
          hint: 'Deploy the relay stack: serverless deploy --config serverless.primary.yml',
        });
      }
    },
    async database(name = instanceId) {
      const command = new DescribeDBInstancesCommand({ DBInstanceIdentifier: name });
      const answer = await ifThere(call(`describe instance ${name}`, name, () => rds.send(command)));
      if (!answer) return undefined;
      const { DBInstanceStatus: status = '', VpcSecurityGroups: found = [] } = answer.DBInstances?.[0] ?? {};
      const groups = found.map(({ VpcSecurityGroupId: id = '', Status: status = '' }) => ({ id, status }));
      return { status, groups };
    },
    async setGroups(groups) {
      const change = { DBInstanceIdentifier: instanceId, VpcSecurityGroupIds: groups, ApplyImmediately: true };
      await call(`swap the security groups of ${instanceId}`, instanceId, () =>
        rds.send(new ModifyDBInstanceCommand(change)),
      );
    },
    async rename(name) {
      const change = { DBInstanceIdentifier: instanceId, NewDBInstanceIdentifier: name, ApplyImmediately: true };
      await call(`rename ${instanceId} to ${name}`, instanceId, () => rds.send(new ModifyDBInstanceCommand(change)));
    },
    async reboot() {
      const command = new RebootDBInstanceCommand({ DBInstanceIdentifier: instanceId });
      await call(`reboot ${instanceId}`, instanceId, () => rds.send(command));
    },
    async bucketPolicy() {
      const command = new GetBucketPolicyCommand(where);
      return (await ifThere(call(`read the policy of ${bucket}`, bucket, () => s3.send(command))))?.Policy;
    },
    ...probing(s3, bucket),
    async setBucketPolicy(policy) {
      const command =
        policy === undefined
          ? new DeleteBucketPolicyCommand(where)
          : new PutBucketPolicyCommand({ ...where, Policy: policy });
      await call(`change the policy of ${bucket}`, bucket, () => s3.send(command as PutBucketPolicyCommand));
    },
  };
}
