import type { Policy } from '../../src/core/policy.ts';

export const testPolicy: Policy = {
  captureIntervalMinutes: 60,
  captureGraceMinutes: 15,
  rpoTargetMinutes: 120,
  copyStuckMinutes: 120,
  copyOverdueMinutes: 60,
  copyLimit: 20,
  replicationLagMinutes: 30,
  reconcileStaleMinutes: 180,
  shrinkPercent: 20,
  heartbeatHours: 24,
  snapshotQuota: 100,
  drillDeadlineMinutes: 180,
  drillIntervalDays: 8,
  rtoTargetMinutes: 120,
  rowsFallPercent: 20,
  rereadSamples: 2,
  fenceMinutes: 15,
  restore: {
    classes: ['db.t4g.medium', 'db.m7g.large'],
    drillClasses: ['db.t4g.small', 'db.t4g.medium'],
    subnetGroup: 'builder-dr',
    securityGroups: ['sg-builder-dr'],
    parameterGroup: 'builder-postgres17',
    storageType: 'gp3',
    storageGib: undefined,
    iops: undefined,
    throughputMibps: undefined,
    multiAz: true,
    deletionProtection: true,
    backupRetentionDays: 7,
    caCertificate: 'rds-ca-rsa2048-g1',
    logExports: ['postgresql'],
    iamAuthentication: false,
    iamRole: undefined,
  },
  builder: {
    databaseName: 'builder',
    databaseRole: 'hab',
    databasePassword: 'secretsmanager:builder/database',
    s3KeyId: 'secretsmanager:builder/s3-key-id',
    s3SecretKey: 'secretsmanager:builder/s3-secret-key',
    url: undefined,
  },
};

/** A clock that stands until it is moved. */
export class TestClock {
  now: Date;
  constructor(at = '2026-11-22T14:05:00Z') {
    this.now = new Date(at);
  }
  read = (): Date => new Date(this.now);
  passMinutes(minutes: number): void {
    this.now = new Date(this.now.getTime() + minutes * 60_000);
  }
}
