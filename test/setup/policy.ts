import { builderSection, drillsSection, type Policy, policySection, restoreSection } from '../../src/core/policy.ts';
import { replicaSection } from '../../src/core/settings/replica.ts';

/** The defaults, and what has none. Clocks of tests stand still: how long a proof takes is tested where it is asked for. */
export const testPolicy: Policy = {
  ...policySection.parse({ rereadSamples: 2, fenceProofSeconds: 0 }),
  replica: replicaSection.parse({}),
  drills: drillsSection.parse({}),
  restore: restoreSection.parse({
    classes: ['db.t4g.medium', 'db.m7g.large'],
    drillClasses: ['db.t4g.small', 'db.t4g.medium'],
    subnetGroup: 'builder-dr',
    securityGroups: ['sg-builder-dr'],
    parameterGroup: 'builder-postgres17',
  }),
  builder: builderSection.parse({
    databasePassword: 'secretsmanager:builder/database',
    s3KeyId: 'secretsmanager:builder/s3-key-id',
    s3SecretKey: 'secretsmanager:builder/s3-secret-key',
  }),
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
