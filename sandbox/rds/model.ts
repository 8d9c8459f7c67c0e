import type { Cluster } from './postgres.ts';

export type Tag = { Key: string; Value: string };

/** What a test changes of a class: null when the region has it no more. */
type OfferChange = null | { multiAz?: boolean; zones?: string[]; storageTypes?: string[] };

/** What differs from one test to the next; changed through the gateway's control route. */
export type RdsSettings = {
  /** What takes a while does not end before this is taken back: states in between can be looked at. */
  held: boolean;
  stateDelayMs: number;
  backupDelayMs: number;
  snapshotQuota: number;
  copyLimit: number;
  insufficientCapacity: string[];
  /** Classes that cannot be ordered in this region: refused at once. */
  unorderableClasses: string[];
  /** Restores that are accepted and then end in such a state, by their class or the beginning of the instance's name. */
  restoresEndIn: Record<string, string>;
  /** A state in which a restored instance serves and stands, for as long as the setting does. */
  standsAfterRestore: string | null;
  /** The first backup, after a restore and when backups are turned on: `backing-up`, for ever where it is null. */
  baselineBackupMs: number | null;
  /** Whether ModifyDBInstance is taken while the instance is `backing-up`. */
  changesWhileBackingUp: boolean;
  /** Versions that are not offered any more, and what a restore of their snapshots runs instead. */
  retiredVersions: Record<string, string>;
  /** What a class is offered with otherwise than the usual. */
  offers: Record<string, OfferChange>;
  events: 'deliver' | 'drop' | 'double';
  eventDelayMs: number;
  /** So many describes of what was just accepted do not see it yet: RDS answers them as eventual consistency allows. */
  unseenDescribes: number;
};

export const defaultSettings: RdsSettings = {
  held: false,
  stateDelayMs: 1500,
  backupDelayMs: 50,
  snapshotQuota: 100,
  copyLimit: 20,
  insufficientCapacity: [],
  unorderableClasses: [],
  restoresEndIn: {},
  standsAfterRestore: null,
  baselineBackupMs: 50,
  changesWhileBackingUp: false,
  retiredVersions: {},
  offers: {},
  events: 'deliver',
  eventDelayMs: 0,
  unseenDescribes: 0,
};

export type Instance = {
  id: string;
  region: string;
  /** By name only: what serves is PostgreSQL. */
  engine: string;
  /** The DB cluster that it is a member of: Aurora's, or a Multi-AZ one. */
  memberOf: string | undefined;
  status: string;
  cluster: Cluster | undefined;
  createdAt: Date;
  className: string;
  engineVersion: string;
  storageGib: number;
  storageType: string;
  iops: number | undefined;
  throughput: number | undefined;
  masterUser: string;
  multiAz: boolean;
  backupRetentionDays: number;
  /** Asked for, and done with the restart that it takes. */
  pendingRetentionDays: number | undefined;
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
  engine: string;
  status: string;
  folder: string | undefined;
  createdAt: Date;
  originalCreatedAt: Date;
  percent: number;
  engineVersion: string;
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
export type Group = { name: string; region: string; family: string | undefined; subnets: string[] };

export const ENGINE_VERSION = '17.10';

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
    Engine: instance.engine,
    DBClusterIdentifier: instance.memberOf,
    EngineVersion: instance.engineVersion,
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
    PendingModifiedValues: {
      MasterUserPassword: instance.pendingPassword ? '****' : undefined,
      BackupRetentionPeriod: instance.pendingRetentionDays,
    },
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
    Engine: snapshot.engine,
    EngineVersion: snapshot.engineVersion,
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
