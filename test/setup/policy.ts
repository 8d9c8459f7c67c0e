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
