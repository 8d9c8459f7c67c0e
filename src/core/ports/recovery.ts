/** The parts of the outside world that only drills and failovers meet. */

export type RestoredInstance = {
  name: string;
  arn: string;
  /** As RDS says it: creating, available, deleting, ... */
  status: string;
  engineVersion: string;
  className: string;
  storageGib: number;
  multiAz: boolean;
  host: string | undefined;
  port: number | undefined;
  masterUser: string;
  deletionProtection: boolean;
  /** A change that was asked for and is not done yet, such as a password. */
  pending: boolean;
  backupRetentionDays: number;
  tags: Record<string, string>;
};

/** Everything that a restore is told, so that nothing is left to AWS's defaults. */
export type RestoreRequest = {
  name: string;
  snapshot: string;
  className: string;
  subnetGroup: string;
  securityGroups: string[];
  parameterGroup: string;
  storageType: string;
  storageGib: number;
  iops: number | undefined;
  throughputMibps: number | undefined;
  multiAz: boolean;
  deletionProtection: boolean;
  backupRetentionDays: number;
  caCertificate: string;
  logExports: string[];
  iamAuthentication: boolean;
  engineLifecycleSupport: string;
  tags: Record<string, string>;
};

/** Instances restored at the DR site. Every method may be called twice. */
export interface Instances {
  /** Starts a restore. Success when it exists already for this run; INSTANCE_MISMATCH when for another; NO_CAPACITY, COMBINATION_REFUSED, REQUEST_REFUSED: take another class, and where all are refused it is for the operator. That it was accepted does not mean that it comes up. */
  restore(request: RestoreRequest): Promise<void>;
  /** One instance; undefined when there is none. */
  status(name: string): Promise<RestoredInstance | undefined>;
  /** Sets the master user's password at once. INVALID_STATE: try later. */
  setPassword(name: string, password: string): Promise<void>;
  /** Keeps automated backups for so many days. The database restarts when there were none before, some time after this has returned; asked again with the same days nothing happens. INVALID_STATE: try later. */
  turnBackupsOn(name: string, days: number): Promise<void>;
  tag(arn: string, tags: Record<string, string>): Promise<void>;
  /** Deletes a drill's instance without a snapshot; BAD_USAGE for any name that is not a drill's. Success when it is gone or going. */
  destroy(name: string): Promise<void>;
  /** Every instance of the DR site, all pages. */
  list(): Promise<RestoredInstance[]>;
  /** What a restore needs and the DR site lacks. Any family will do where none is given. */
  missing(needed: {
    subnetGroup: string;
    parameterGroup: string;
    parameterGroupFamily: string | undefined;
  }): Promise<{ code: 'DR_NETWORK_MISSING' | 'DR_PARAMETER_GROUP_MISSING'; subject: string; text: string }[]>;
}

/** Generated passwords, and the secrets that the configuration only names. */
export interface Secrets {
  /** The value of this secret, made at random when there is none yet. */
  ensure(name: string): Promise<string>;
  /** Deletes at once; success when it is not there. */
  remove(name: string): Promise<void>;
  /** The value behind a reference: `secretsmanager:NAME`, `ssm:NAME`, `file:PATH`. SECRET_UNREADABLE names the reference, never the value. */
  resolve(reference: string): Promise<string>;
}

export type FenceState = { status: string; groups: { id: string; status: string }[] };

/**
 * What became of a write that tries the fence. Of refusals one is told apart: that a policy of the bucket itself denies
 * it by name. Whatever is not certainly that is `denied-otherwise`.
 */
export type ProbeOutcome =
  | { result: 'written' }
  | { result: 'denied-by-resource-policy' }
  | { result: 'denied-otherwise'; detail: string };

/** What keeps the primary from taking writes. Needs the primary site. */
export interface FencePort {
  /** The group without rules that the relay stack made. */
  fenceGroup(): Promise<string>;
  /** The groups of the primary instance (or of one named) now; undefined when there is no instance. */
  database(name?: string): Promise<FenceState | undefined>;
  /** INVALID_STATE: RDS takes no change of the instance in its state, try later. */
  setGroups(groups: string[]): Promise<void>;
  /** Gives the instance another name, under which it is kept. INVALID_STATE: try later. */
  rename(name: string): Promise<void>;
  /** Ends the connections that a swap of groups leaves alive. INVALID_STATE: try later. */
  reboot(): Promise<void>;
  /** The bucket's policy as JSON; undefined when it has none. */
  bucketPolicy(): Promise<string | undefined>;
  setBucketPolicy(policy: string | undefined): Promise<void>;
  /**
   * Puts one object that is no artifact into the bucket, and deletes it where that is allowed; what is left is harmless.
   * A refusal is an outcome; silence, throttling and other errors are thrown.
   */
  writeProbe(): Promise<ProbeOutcome>;
  /** Deletes what a probe may have left. Nothing there is no error. */
  clearProbe(): Promise<void>;
}

/** Starts the inspection of a restored database inside its network; it reports by a vault document. INVALID_STATE: the function is waking up, try later. */
export interface Inspection {
  start(request: InspectionRequest): Promise<void>;
}

export type InspectionRequest = {
  job: 'inspect-database';
  /** The vault's key of the run. */
  run: string;
  /** Where the report goes. */
  report: string;
  /** `smoke` alone after a cut-over: log in and read, put and delete as Builder does. */
  what: 'inspect' | 'smoke';
};

/** Where Builder finds its new site. Each may fail without stopping a failover. */
export interface CutOverPort {
  publishSettings(files: Record<string, string>): Promise<void>;
  /** Undefined when no record is configured. */
  dns: { name: string; point(host: string): Promise<void> } | undefined;
}

export type DatabaseLogin = { host: string; port: number; user: string; password: string; database: string };

/** Rows that one revision of Builder's key seals in one table, and some of them. Held in memory only: a token is such a row. */
export type SealedRows = { revision: string; table: string; rows: number; samples: string[] };

export type DatabaseFacts = {
  serverVersion: string;
  ledger: { count: number; newest: string } | undefined;
  extensions: string[];
  /** `rows` is null where even the role that Builder uses may not read. */
  tables: { name: string; owner: string; rows: number | null }[];
  nextId: { owner: string } | undefined;
  packages: number | undefined;
  roles: { name: string; iam: boolean }[];
  publicKeys: { name: string; body: string }[];
  sealed: SealedRows[];
};

/** A look into a restored database, in one transaction that is rolled back. */
export interface Inspector {
  /**
   * Reads everything as the master user, with the rights of `role`. `packages` gets a line of JSON for each package
   * row, `{key, checksum}`, in the order of the keys' bytes. REMOTE_FAILED carries the engine's own error.
   */
  read(
    login: DatabaseLogin,
    role: string,
    packages: (lines: AsyncIterable<Uint8Array>) => Promise<void>,
  ): Promise<DatabaseFacts>;
}

/** Builder's own way to its data. Each throws what went wrong, without a secret. */
export interface BuilderAccess {
  login(login: DatabaseLogin): Promise<string>;
  /** Puts, gets, compares and deletes one object of the replica. */
  canary(credentials: { keyId: string; secretKey: string }, key: string, body: string): Promise<string>;
  /** Asks Builder's own routes for this package. */
  ask(url: string, key: string): Promise<string>;
}
