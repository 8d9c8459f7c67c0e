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
};
