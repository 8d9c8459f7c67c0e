import type { Instance } from './model.ts';
import type { Params } from './query.ts';
import type { RdsWorld } from './world.ts';

/** States in which an instance will never come up (RDS, "Viewing DB instance status"). */
const dead = [
  'failed',
  'inaccessible-encryption-credentials',
  'incompatible-create',
  'incompatible-network',
  'incompatible-option-group',
  'incompatible-parameters',
  'incompatible-restore',
  'insufficient-capacity',
  'restore-error',
];

export const isDead = (status: string): boolean => dead.includes(status);

/** It serves while its first backup is made. */
export function backUp(world: RdsWorld, instance: Instance, then: string): void {
  const { baselineBackupMs } = world.settings;
  instance.status = 'backing-up';
  if (baselineBackupMs === null) return;
  world.later(() => {
    if (instance.status === 'backing-up') instance.status = then;
  }, baselineBackupMs);
}

/** From none to some, or back, is an outage; from some to some is not. Without ApplyImmediately it waits for a window. */
export function turnBackups(world: RdsWorld, instance: Instance, params: Params): void {
  const days = params.number('BackupRetentionPeriod');
  if (days === undefined || days === instance.backupRetentionDays) return;
  if (days > 0 && instance.backupRetentionDays > 0) {
    instance.backupRetentionDays = days;
    return;
  }
  instance.pendingRetentionDays = days;
  if (!params.flag('ApplyImmediately')) return;
  world.later(async () => {
    if (instance.pendingRetentionDays !== days || !instance.cluster) return;
    instance.status = 'modifying';
    await world.host.restart(instance.cluster);
    instance.pendingRetentionDays = undefined;
    instance.backupRetentionDays = days;
    if (days > 0) backUp(world, instance, 'available');
    else instance.status = 'available';
    world.announce(
      'DB_INSTANCE',
      days > 0 ? 'RDS-EVENT-0032' : 'RDS-EVENT-0028',
      instance,
      'Automatic backups changed',
    );
  });
}
