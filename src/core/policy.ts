/** What the operator asks for, in the units of its names. */
export type Policy = {
  captureIntervalMinutes: number;
  /** How late a capture may be before it counts as missed. */
  captureGraceMinutes: number;
  rpoTargetMinutes: number;
  /** A copy without progress for this long is stuck. */
  copyStuckMinutes: number;
  /** A copy that could not start for this long is overdue. */
  copyOverdueMinutes: number;
  /** Copies in flight that AWS allows per destination region. */
  copyLimit: number;
  replicationLagMinutes: number;
  /** A comparison of the buckets older than this says nothing any more. */
  reconcileStaleMinutes: number;
  /** A fall of the inventory beyond this share makes a point suspect. */
  shrinkPercent: number;
  heartbeatHours: number;
  /** Manual snapshots that the account may hold in the DR region. */
  snapshotQuota: number;
  /** A drill that takes longer is stopped, cleaned up and failed. */
  drillDeadlineMinutes: number;
  /** A passed drill older than this is overdue. */
  drillIntervalDays: number;
  rtoTargetMinutes: number;
  /** A fall of a table's rows beyond this share since the last drill is a finding. */
  rowsFallPercent: number;
  /** Artifacts that a drill reads again although their bytes have a record; others each time. */
  rereadSamples: number;
  /** How long a failover waits for the fence of a primary that answers. */
  fenceMinutes: number;
  restore: RestoreSettings;
  builder: BuilderSettings;
};

/** What a restored instance is like. Nothing is left to AWS's defaults. */
export type RestoreSettings = {
  /** The class of a failover's instance, then those to take when AWS has none of it. */
  classes: string[];
  drillClasses: string[];
  subnetGroup: string;
  securityGroups: string[];
  parameterGroup: string;
  storageType: string;
  /** Grown to this size; a snapshot's own size is the least. */
  storageGib: number | undefined;
  /** Only where gp3 allows them: from 400 GiB. */
  iops: number | undefined;
  throughputMibps: number | undefined;
  multiAz: boolean;
  deletionProtection: boolean;
  backupRetentionDays: number;
  caCertificate: string;
  logExports: string[];
  iamAuthentication: boolean;
  /** A role of `rds_iam` in the database; never Builder's own, which would lose its password login. */
  iamRole: string | undefined;
};

/** How Builder itself reaches its data; secrets are references (`secretsmanager:NAME`, `ssm:NAME`, `file:PATH`). */
export type BuilderSettings = {
  databaseName: string;
  databaseRole: string;
  /** Not needed when Builder logs in as the master user. */
  databasePassword: string | undefined;
  s3KeyId: string | undefined;
  s3SecretKey: string | undefined;
  /** Asked for its own routes after a cut-over. */
  url: string | undefined;
};
