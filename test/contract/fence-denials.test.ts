import type { RDSClient } from '@aws-sdk/client-rds';
import type { S3Client } from '@aws-sdk/client-s3';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { expect, it } from 'vitest';
import { awsFence } from '../../src/adapters/aws/fence.ts';

/** A bucket whose every call is refused with this. */
const refusedWith = (name: string, message: string) =>
  awsFence({
    rds: {} as RDSClient,
    ssm: {} as SSMClient,
    s3: { send: async () => Promise.reject(Object.assign(new Error(message), { name })) } as unknown as S3Client,
    instanceId: 'builder',
    bucket: 'acme',
    groupParameter: '/p',
  });
const user = 'User: arn:aws:sts::123456789012:assumed-role/hbdr-prod-advance/hbdr-prod-advance';
const onProbe = `${user} is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::acme/.builder-dr/fence-probe"`;

it.each([
  [`${onProbe} with an explicit deny in a resource-based policy`],
  [`${onProbe.replace('arn:aws:s3', 'arn:aws-us-gov:s3')} with an explicit deny in a resource-based policy`],
])('a denial by a policy of the bucket is proof: %s', async (message) => {
  expect(await refusedWith('AccessDenied', message).writeProbe()).toEqual({ result: 'denied-by-resource-policy' });
});

it('a denial of one way to encrypt alone is none: another policy demands the other', async () => {
  const denied = `${onProbe} with an explicit deny in a resource-based policy`;
  const only = (taken: string | undefined) =>
    awsFence({
      rds: {} as RDSClient,
      ssm: {} as SSMClient,
      s3: {
        send: async ({ input }: { input: { Body?: string; ServerSideEncryption?: string } }) => {
          if (input.Body === undefined || input.ServerSideEncryption === taken) return {};
          throw Object.assign(new Error(denied), { name: 'AccessDenied' });
        },
      } as unknown as S3Client,
      instanceId: 'builder',
      bucket: 'acme',
      groupParameter: '/p',
    });
  expect(await only('AES256').writeProbe()).toEqual({ result: 'written' });
  expect(await only(undefined).writeProbe()).toEqual({ result: 'written' });
  expect(await only('neither').writeProbe()).toEqual({ result: 'denied-by-resource-policy' });
});

it.each([
  ['AccessDenied', 'Access Denied'],
  ['AccessDenied', `${onProbe} because no identity-based policy allows the s3:PutObject action`],
  ['AccessDenied', `${onProbe} because no resource-based policy allows the s3:PutObject action`],
  ['AccessDenied', `${onProbe} with an explicit deny in an identity-based policy`],
  ['AccessDenied', `${onProbe} with an explicit deny in a service control policy`],
  ['AccessDenied', `${onProbe} with an explicit deny in a resource control policy`],
  ['AccessDenied', `${onProbe} with an explicit deny in a VPC endpoint policy`],
  ['AccessDenied', `${onProbe} with an explicit deny in a permissions boundary`],
  ['AccessDenied', `${onProbe} with an explicit deny in a session policy`],
  // Of another object, of another call, or by another name.
  [
    'AccessDenied',
    `${onProbe.replace('/acme/', '/x/').replace('acme', 'other')} with an explicit deny in a resource-based policy`,
  ],
  [
    'AccessDenied',
    `${user} is not authorized to perform: kms:GenerateDataKey on resource: "x" with an explicit deny in a resource-based policy`,
  ],
  ['KMS.AccessDeniedException', `${onProbe} with an explicit deny in a resource-based policy`],
])('anything else is none: %s, %s', async (name, message) => {
  const refused = refusedWith(name, message).writeProbe();
  if (name !== 'AccessDenied') return expect(refused).rejects.toMatchObject({ code: 'REMOTE_FAILED' });
  return expect(await refused).toMatchObject({ result: 'denied-otherwise', detail: expect.stringContaining(message) });
});
