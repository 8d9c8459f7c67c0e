/** Every key of the vault is made here. */
export const vaultKeys = {
  direction: 'direction.json',
  status: 'status.json',
  reconcile: 'reconcile.json',
  points: 'points/',
  point: (id: string) => `points/${id}.json`,
  artifactInventory: (id: string) => `inventory/${id}.artifacts.ndjson.gz`,
  publicKeys: 'keys/public/',
  publicKey: (fileName: string) => `keys/public/${fileName}`,
  verified: 'verified.json',
  verificationLogs: 'verified/log/',
  verifiedFile: (at: Date, id: string) => `verified/all-${at.toISOString().replace(/[-:]/g, '')}-${id}.ndjson.gz`,
  verifiedFiles: 'verified/all-',
  verificationLog: (at: Date, id: string) => `verified/log/${at.toISOString().replace(/[-:]/g, '')}-${id}.ndjson`,
  escrow: 'keys/escrow/',
  escrowed: (fileName: string) => `keys/escrow/${fileName}.json`,
} as const;

const escrowedKey = /^keys\/escrow\/bldr-(\d{14})\.box\.key\.json$/;

/** The revision of the Builder key that a vault key holds in escrow; undefined for other keys. */
export function escrowedRevision(vaultKey: string): string | undefined {
  return escrowedKey.exec(vaultKey)?.[1];
}
