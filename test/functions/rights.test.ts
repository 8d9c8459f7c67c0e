import { describe, expect, it } from 'vitest';
import type { RecordedCall } from '../../sandbox/gateway/call.ts';
import { type Account, compare, grantsOf, needsOf } from '../deploy/rights.ts';

const account: Account = {
  partition: 'aws',
  account: '1',
  keyArns: { vault: 'KEY', escrow: 'KEY' },
  vaultBucket: 'vault',
};
const call = (change: Partial<RecordedCall>): RecordedCall => ({
  service: 's3',
  region: 'us-west-2',
  accessKeyId: '',
  action: 'GetObject',
  resource: 'vault/status.json',
  source: undefined,
  names: {},
  at: '',
  principal: '',
  status: 200,
  ...change,
});
const named = (change: Partial<RecordedCall>) =>
  needsOf(call(change), account).map(({ action, arn }) => `${action} ${arn}`);
const grants = grantsOf([
  { Effect: 'Allow', Action: ['s3:GetObject', 's3:PutObject'], Resource: 'arn:aws:s3:::vault/*' },
  { Effect: 'Allow', Action: 'kms:Decrypt', Resource: ['KEY'] },
]);

describe('what a call needs', () => {
  it('of the vault is a right on the object and on the key', () => {
    expect(named({})).toEqual(['s3:GetObject arn:aws:s3:::vault/status.json', 'kms:Decrypt KEY']);
  });

  it('of a copy is a right on both ends, and on the version where one is named', () => {
    const copy = { action: 'CopyObject', resource: 'replica/a.hart' };
    expect(named({ ...copy, source: 'primary/a.hart' })).toEqual([
      's3:PutObject arn:aws:s3:::replica/a.hart',
      's3:GetObject arn:aws:s3:::primary/a.hart',
    ]);
    expect(named({ ...copy, source: 'primary/a.hart?versionId=3' })).toContain(
      's3:GetObjectVersion arn:aws:s3:::primary/a.hart',
    );
  });

  it('of reading one version is a right of its own', () => {
    const version = { resource: 'replica/a.hart', names: { versionId: '3' } };
    expect(named(version)).toEqual(['s3:GetObjectVersion arn:aws:s3:::replica/a.hart']);
  });

  it('of a removal is a right on the object that it depends on, and on the tags of a version', () => {
    const resource = 'replica/a.hart';
    expect(named({ action: 'DeleteObject', resource, names: { IfMatch: '"x"' } })).toEqual([
      's3:DeleteObject arn:aws:s3:::replica/a.hart',
      's3:GetObject arn:aws:s3:::replica/a.hart',
    ]);
    expect(named({ action: 'DeleteObject', resource, names: { versionId: '3' } })).toEqual([
      's3:DeleteObjectVersion arn:aws:s3:::replica/a.hart',
    ]);
    expect(named({ action: 'PutObjectTagging', resource, names: { versionId: '3' } })).toEqual([
      's3:PutObjectVersionTagging arn:aws:s3:::replica/a.hart',
    ]);
  });

  it('of a restore is a right on everything that it names, and on its tags', () => {
    const names = {
      DBInstanceIdentifier: 'hbdr-drill-1',
      DBSnapshotIdentifier: 'hbdr-1',
      DBSubnetGroupName: 'net',
      DBParameterGroupName: 'set',
    };
    expect(named({ service: 'rds', action: 'RestoreDBInstanceFromDBSnapshot', names })).toEqual([
      'rds:RestoreDBInstanceFromDBSnapshot arn:aws:rds:us-west-2:1:db:hbdr-drill-1',
      'rds:RestoreDBInstanceFromDBSnapshot arn:aws:rds:us-west-2:1:snapshot:hbdr-1',
      'rds:RestoreDBInstanceFromDBSnapshot arn:aws:rds:us-west-2:1:subgrp:net',
      'rds:RestoreDBInstanceFromDBSnapshot arn:aws:rds:us-west-2:1:pg:set',
      'rds:AddTagsToResource arn:aws:rds:us-west-2:1:db:hbdr-drill-1',
    ]);
  });

  it('of what RDS offers is a right on everything: AWS knows no resource for it', () => {
    for (const action of ['DescribeDBEngineVersions', 'DescribeOrderableDBInstanceOptions']) {
      expect(named({ service: 'rds', action })).toEqual([`rds:${action} *`]);
    }
  });

  it('is not guessed: a call that nobody reviewed throws', () => {
    expect(() => named({ action: 'PutBucketAcl' })).toThrow('nobody reviewed');
    expect(() => named({ service: 'iam', action: 'PassRole' })).toThrow('nobody reviewed');
    expect(() => named({ service: 'rds', action: 'DescribeEvents' })).toThrow('names no resource');
  });
});

describe('a role against its needs', () => {
  const needs = needsOf(call({}), account);

  it('lacks nothing and has nothing too much', () => {
    const put = { action: 's3:PutObject', arn: 'arn:aws:s3:::vault/x', why: '' };
    expect(compare([...needs, put], grants)).toEqual({ needed: 3, missing: [], unneeded: [] });
  });

  it('is told of what was needed and not granted, also when only the resource is another', () => {
    const other = { action: 's3:GetObject', arn: 'arn:aws:s3:::replica/x', why: 'w' };
    const put = { action: 's3:PutObject', arn: 'arn:aws:s3:::vault/x', why: '' };
    expect(compare([...needs, put, other], grants).missing).toEqual([other]);
  });

  it('is told of what was granted and never needed', () => {
    expect(compare(needs, grants).unneeded).toEqual([{ action: 's3:PutObject', resource: 'arn:aws:s3:::vault/*' }]);
  });

  it('is no wider for the characters in a name that mean something elsewhere', () => {
    const grant = grantsOf([{ Effect: 'Allow', Action: 'a:B', Resource: 'x.y-??' }]);
    const need = (arn: string) => [{ action: 'a:B', arn, why: '' }];
    expect(compare(need('x.y-12'), grant).missing).toEqual([]);
    expect(compare(need('xzy-12'), grant).missing).toHaveLength(1);
    expect(compare(need('x.y-123'), grant).missing).toHaveLength(1);
  });
});
