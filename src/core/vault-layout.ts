type RunName = { kind: string; id: string };

/** In the name of an entry of the log that says of an artifact that its bytes are wrong. */
const DAMAGE = '.damaged';

/** Every key of the vault is made here. */
export const vaultKeys = {
  direction: 'direction.json',
  /** What was there before the fence around the primary. */
  fence: 'fence.json',
  status: 'status.json',
  statusPage: 'status.html',
  history: 'history.json',
  reconcile: 'reconcile.json',
  prune: 'prune.json',
  /** By the year of what went there. */
  archive: (year: string) => `archive/${year}.ndjson.gz`,
  archives: 'archive/',
  points: 'points/',
  point: (id: string) => `points/${id}.json`,
  inventories: 'inventory/',
  inventoryOf: (id: string) => `inventory/${id}`,
  artifactInventory: (id: string) => `inventory/${id}.artifacts.ndjson.gz`,
  publicKeys: 'keys/public/',
  publicKey: (fileName: string) => `keys/public/${fileName}`,
  verified: 'verified.json',
  /** What could not be read and was made anew, as it was: by its ETag, and the key that it had. */
  setAsides: 'unreadable/',
  setAside: (key: string, etag: string) => `unreadable/${etag.replace(/\W/g, '')}/${key}`,
  verificationLogs: 'verified/log/',
  verifiedFile: (at: Date, id: string) => `verified/all-${at.toISOString().replace(/[-:]/g, '')}-${id}.ndjson.gz`,
  verifiedFiles: 'verified/all-',
  verificationLog: (at: Date, id: string, ofDamage = false) =>
    `verified/log/${at.toISOString().replace(/[-:]/g, '')}-${id}${ofDamage ? DAMAGE : ''}.ndjson`,
  uncopyable: 'uncopyable.json',
  unfinishedCopies: 'copies/',
  /** By the key that the copy gets, of an artifact or of displaced bytes. */
  unfinishedCopy: (target: string) => `copies/${target}.json`,
  deletions: 'deletions.json',
  deletionLogs: 'deletions/log/',
  deletionLog: (at: Date, id: string) => `deletions/log/${at.toISOString().replace(/[-:]/g, '')}-${id}.ndjson`,
  /** Of what was never copied. */
  uncopiedLogs: 'deletions/uncopied/',
  uncopiedLog: (at: Date, id: string) => `deletions/uncopied/${at.toISOString().replace(/[-:]/g, '')}-${id}.ndjson`,
  deletionFiles: 'deletions/all-',
  deletionFile: (at: Date, id: string) => `deletions/all-${at.toISOString().replace(/[-:]/g, '')}-${id}.ndjson.gz`,
  /** Bytes that were replaced in the replica, and what is known of them. */
  displaced: 'displaced/',
  displacedBytes: (blake2b: string) => `displaced/${blake2b}`,
  displacedFacts: (blake2b: string) => `displaced/${blake2b}.json`,
  /** Where the vault's bucket is tried as a store of copies; nothing is written there but by one that heeds no condition. */
  displacedTrial: 'displaced/conditions',
  /** By the look into a restored instance, as `lookName` names it. */
  packageInventory: (look: string) => `inventory/${look}.packages.ndjson.gz`,
  /** Of every attempt of a run; version 0.1 named them, and reports, by its id alone. */
  packageInventories: ({ kind, id }: RunName) => [`inventory/${kind}-${id}-`, `inventory/${id}-`],
  drills: 'drills/',
  /** Which drill is at work. */
  drillLease: 'leases/drill.json',
  failovers: 'failovers/',
  run: (folder: 'drills' | 'failovers', id: string) => `${folder}/${id}.json`,
  failback: (failover: string) => `failbacks/${failover}.json`,
  divergence: (failover: string) => `failbacks/${failover}/diverged.ndjson.gz`,
  reports: 'reports/',
  report: (look: string, what: string) => `reports/${look}-${what}.json`,
  reportsOf: ({ kind, id }: RunName) => [`reports/${kind}-${id}-`, `reports/${id}-`],
  builderSettings: (failover: string, file: string) => `failovers/${failover}/${file}`,
  scratch: (run: string, name: string) => `scratch/${run}/${name}`,
  escrow: 'keys/escrow/',
  escrowed: (fileName: string) => `keys/escrow/${fileName}.json`,
  /** Settings of the nodes, under their paths. */
  nodeFiles: 'keys/node/',
  nodeFile: (path: string) => `keys/node/${path}.json`,
} as const;

const escrowedKey = /^keys\/escrow\/bldr-(\d{14})\.box\.key\.json$/;

export const isOfDamage = (vaultKey: string): boolean => vaultKey.endsWith(`${DAMAGE}.ndjson`);

/** The key that it had, of what was set aside. */
export const setAsideFrom = (vaultKey: string): string => vaultKey.split('/').slice(2).join('/');

/** The revision of the Builder key that a vault key holds in escrow; undefined for other keys. */
export function escrowedRevision(vaultKey: string): string | undefined {
  return escrowedKey.exec(vaultKey)?.[1];
}

/** The path of a node file that a vault key holds in escrow. */
export function nodePath(vaultKey: string): string {
  return vaultKey.slice(vaultKeys.nodeFiles.length).replace(/\.json$/, '');
}
