import type { Cluster } from './postgres.ts';

export type Tag = { Key: string; Value: string };

/** What differs from one test to the next; changed through the gateway's control route. */
export type RdsSettings = {
  /** What takes a while does not end before this is taken back: states in between can be looked at. */
  held: boolean;
  stateDelayMs: number;
  backupDelayMs: number;
  snapshotQuota: number;
  copyLimit: number;
  insufficientCapacity: string[];
  events: 'deliver' | 'drop' | 'double';
  eventDelayMs: number;
};

export const defaultSettings: RdsSettings = {
  held: false,
  stateDelayMs: 1500,
  backupDelayMs: 50,
  snapshotQuota: 100,
  copyLimit: 20,
  insufficientCapacity: [],
  events: 'deliver',
  eventDelayMs: 0,
};

export type Instance = {
  id: string;
  region: string;
  status: string;
  cluster: Cluster | undefined;
  createdAt: Date;
  className: string;
  storageGib: number;
  storageType: string;
  iops: number | undefined;
  throughput: number | undefined;
  masterUser: string;
  multiAz: boolean;
  backupRetentionDays: number;
  deletionProtection: boolean;
  kmsKeyId: string | undefined;
  parameterGroup: string;
  subnetGroup: string | undefined;
  securityGroups: { id: string; status: string }[];
  lifecycleSupport: string;
  copyTagsToSnapshot: boolean;
  pendingPassword: boolean;
  caCertificate: string;
  logExports: string[];
  iamAuthentication: boolean;
  publiclyAccessible: boolean;
  tags: Tag[];
};

export type Snapshot = {
  id: string;
  region: string;
  instanceId: string;
  status: string;
  folder: string | undefined;
  createdAt: Date;
  originalCreatedAt: Date;
  percent: number;
  kmsKeyId: string | undefined;
  sourceArn: string | undefined;
  sourceRegion: string | undefined;
  storageGib: number;
  storageType: string;
  masterUser: string;
  lifecycleSupport: string;
  /** Accounts that may restore it. */
  sharedWith: string[];
  tags: Tag[];
};

/** Subnet and parameter groups: only what a restore asks of them. */
export type Group = { name: string; region: string; family: string | undefined };

const ENGINE_VERSION = '17.10';

export class RdsFault extends Error {
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

export function instanceXml(instance: Instance, arn: string): Record<string, unknown> {
  return {
    DBInstanceIdentifier: instance.id,
    DBInstanceArn: arn,
    DBInstanceStatus: instance.status,
    DBInstanceClass: instance.className,
    Engine: 'postgres',
    EngineVersion: ENGINE_VERSION,
    EngineLifecycleSupport: instance.lifecycleSupport,
    MasterUsername: instance.masterUser,
    AllocatedStorage: instance.storageGib,
    StorageType: instance.storageType,
    Iops: instance.iops,
    StorageThroughput: instance.throughput,
    MultiAZ: instance.multiAz,
    BackupRetentionPeriod: instance.backupRetentionDays,
    DeletionProtection: instance.deletionProtection,
    CopyTagsToSnapshot: instance.copyTagsToSnapshot,
    StorageEncrypted: instance.kmsKeyId !== undefined,
    KmsKeyId: instance.kmsKeyId,
    InstanceCreateTime: instance.createdAt.toISOString(),
    Endpoint: instance.cluster ? { Address: '127.0.0.1', Port: instance.cluster.port } : undefined,
    VpcSecurityGroups: instance.securityGroups.map((group) => ({
      VpcSecurityGroupId: group.id,
      Status: group.status,
    })),
    DBParameterGroups: [{ DBParameterGroupName: instance.parameterGroup, ParameterApplyStatus: 'in-sync' }],
    DBSubnetGroup: instance.subnetGroup ? { DBSubnetGroupName: instance.subnetGroup } : undefined,
    PendingModifiedValues: instance.pendingPassword ? { MasterUserPassword: '****' } : {},
    CACertificateIdentifier: instance.caCertificate,
    EnabledCloudwatchLogsExports: instance.logExports,
    IAMDatabaseAuthenticationEnabled: instance.iamAuthentication,
    PubliclyAccessible: instance.publiclyAccessible,
    TagList: instance.tags,
  };
}

export function snapshotXml(snapshot: Snapshot, arn: string): Record<string, unknown> {
  return {
    DBSnapshotIdentifier: snapshot.id,
    DBSnapshotArn: arn,
    DBInstanceIdentifier: snapshot.instanceId,
    Status: snapshot.status,
    SnapshotType: 'manual',
    Engine: 'postgres',
    EngineVersion: ENGINE_VERSION,
    AllocatedStorage: snapshot.storageGib,
    StorageType: snapshot.storageType,
    MasterUsername: snapshot.masterUser,
    SnapshotCreateTime: snapshot.status === 'creating' ? undefined : snapshot.createdAt.toISOString(),
    OriginalSnapshotCreateTime: snapshot.status === 'creating' ? undefined : snapshot.originalCreatedAt.toISOString(),
    PercentProgress: snapshot.percent,
    Encrypted: snapshot.kmsKeyId !== undefined,
    KmsKeyId: snapshot.kmsKeyId,
    SourceDBSnapshotIdentifier: snapshot.sourceArn,
    SourceRegion: snapshot.sourceRegion,
    TagList: snapshot.tags,
  };
}
