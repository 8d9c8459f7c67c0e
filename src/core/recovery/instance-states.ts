/**
 * What a state of an instance means to whoever waits for it. `usable`: RDS documents that it can be connected to.
 * `coming`: it may become usable. `no-capacity`: never, and another class may. `dead`: never, of whatever class.
 */
type Meaning = 'usable' | 'coming' | 'no-capacity' | 'dead';

/** RDS's own table ("Viewing DB instance status"), whole. */
const meanings: Readonly<Record<string, Meaning>> = {
  available: 'usable',
  'backing-up': 'usable',
  'configuring-enhanced-monitoring': 'usable',
  'configuring-iam-database-auth': 'usable',
  'configuring-log-exports': 'usable',
  'storage-initialization': 'usable',
  'storage-optimization': 'usable',
  'converting-to-vpc': 'coming',
  creating: 'coming',
  // Whoever deletes it wants another one: once it is gone it is asked for again.
  'delete-precheck': 'coming',
  deleting: 'coming',
  maintenance: 'coming',
  modifying: 'coming',
  'moving-to-vpc': 'coming',
  rebooting: 'coming',
  renaming: 'coming',
  'resetting-master-credentials': 'coming',
  starting: 'coming',
  stopped: 'coming',
  stopping: 'coming',
  'storage-config-upgrade': 'coming',
  upgrading: 'coming',
  'insufficient-capacity': 'no-capacity',
  failed: 'dead',
  'inaccessible-encryption-credentials': 'dead',
  'inaccessible-encryption-credentials-recoverable': 'dead',
  'incompatible-create': 'dead',
  'incompatible-network': 'dead',
  'incompatible-option-group': 'dead',
  'incompatible-parameters': 'dead',
  'incompatible-restore': 'dead',
  'restore-error': 'dead',
  // Without room it cannot even be logged in to.
  'storage-full': 'dead',
};

/** A state that RDS has since thought of may pass: whoever waits for it has a limit of its own. */
export const meaningOf = (status: string): Meaning => meanings[status] ?? 'coming';

export const isUsable = (status: string): boolean => meaningOf(status) === 'usable';
