import {
  DescribeDBInstancesCommand,
  ModifyDBInstanceCommand,
  type RDSClient,
  RebootDBInstanceCommand,
} from '@aws-sdk/client-rds';
import {
  DeleteBucketPolicyCommand,
  GetBucketPolicyCommand,
  PutBucketPolicyCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { GetParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import type { FencePort } from '../../core/ports/recovery.ts';
import { DrError, hasCode } from '../../errors.ts';
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
    async setBucketPolicy(policy) {
      const command =
        policy === undefined
          ? new DeleteBucketPolicyCommand(where)
          : new PutBucketPolicyCommand({ ...where, Policy: policy });
      await call(`change the policy of ${bucket}`, bucket, () => s3.send(command as PutBucketPolicyCommand));
    },
  };
}
