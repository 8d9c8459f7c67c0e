import type {
  CutOverPort,
  Inspection,
  Instances,
  RestoredInstance,
  RestoreRequest,
  Secrets,
} from '../../src/core/ports/recovery.ts';
import type { Vault } from '../../src/core/ports/vault.ts';
import type { InspectionReport } from '../../src/core/recovery/report.ts';
import { DRILL_PREFIX, RUN_TAG } from '../../src/core/recovery/restore-request.ts';
import { runSchema } from '../../src/core/recovery/run.ts';
import { DrError, hasCode } from '../../src/errors.ts';
import { encode } from '../../src/jobs/vault/documents.ts';

type Held = RestoredInstance & {
  request: RestoreRequest | undefined;
  password: string | undefined;
  /** Backups that were asked for, until the restart that they take is over. */
  retentionAsked?: number | undefined;
};

/** RDS changes nothing of an instance in another state. */
const modifiable = ['available', 'storage-optimization', 'storage-initialization'];

/** Restored instances in memory; they become available when the test says so. */
export type MemoryInstances = Instances & {
  held: Map<string, Held>;
  refuse: Map<string, DrError>;
  lacking: Awaited<ReturnType<Instances['missing']>>;
  engineVersion: string;
  restores: string[];
  destroyed: string[];
  /** Where the restore of an instance ends instead of coming up. */
  endOf: (instance: RestoredInstance) => string | undefined;
  /** What a restored instance stands in, serving, and what it stands in once backups are on. */
  stands: { restored: string; backedUp: string };
  /** Outages of instances that were up. */
  restarts: string[];
  /** So many looks do not see yet what was just accepted. */
  unseenLooks: number;
  finish: () => void;
};

/** AWS goes on with one instance. */
export function comeUp(instances: MemoryInstances, each: Held): void {
  if (each.status === 'creating') {
    const end = instances.endOf(each);
    const { restored, backedUp } = instances.stands;
    const first = each.backupRetentionDays > 0 ? backedUp : restored;
    Object.assign(each, end ? { status: end } : { status: first, host: '127.0.0.1', port: 5432 });
  }
  if (each.retentionAsked !== undefined) {
    instances.restarts.push(each.name);
    Object.assign(each, { backupRetentionDays: each.retentionAsked, status: instances.stands.backedUp });
  }
  Object.assign(each, { retentionAsked: undefined, pending: false });
}

function requireModifiable(name: string, found: Held | undefined): void {
  if (!found) throw new DrError('NOT_FOUND', name);
  if (!modifiable.includes(found.status)) throw new DrError('INVALID_STATE', `${name} is ${found.status}`);
}

export function memoryInstances(): MemoryInstances {
  const held = new Map<string, Held>();
  const unseen = new Map<string, number>();
  const look = (name: string): Held | undefined => {
    const left = unseen.get(name) ?? 0;
    unseen.set(name, Math.max(0, left - 1));
    return left === 0 ? held.get(name) : undefined;
  };
  const instances: MemoryInstances = {
    held,
    refuse: new Map(),
    lacking: [],
    engineVersion: 'postgres 17.10',
    restores: [],
    destroyed: [],
    endOf: () => undefined,
    stands: { restored: 'available', backedUp: 'backing-up' },
    restarts: [],
    unseenLooks: 0,
    finish: () => {
      for (const each of held.values()) {
        if (each.status === 'deleting') held.delete(each.name);
        else comeUp(instances, each);
      }
    },
    async restore(request) {
      const refusal = instances.refuse.get(request.className);
      if (refusal) throw refusal;
      const found = held.get(request.name);
      if (found && found.tags[RUN_TAG] !== request.tags[RUN_TAG]) throw new DrError('INSTANCE_MISMATCH', request.name);
      if (found && !look(request.name)) throw new DrError('INVALID_STATE', `${request.name} is not shown yet`);
      if (found) return;
      instances.restores.push(request.name);
      unseen.set(request.name, instances.unseenLooks);
      held.set(request.name, {
        name: request.name,
        arn: `arn:aws:rds:us-west-2:000000000000:db:${request.name}`,
        status: 'creating',
        engineVersion: instances.engineVersion,
        className: request.className,
        storageGib: request.storageGib,
        multiAz: request.multiAz,
        host: undefined,
        port: undefined,
        masterUser: 'dbadmin',
        deletionProtection: request.deletionProtection,
        pending: false,
        backupRetentionDays: request.backupRetentionDays,
        tags: { ...request.tags },
        request,
        password: undefined,
      });
    },
    status: async (name) => {
      const found = look(name);
      return found && { ...found };
    },
    async setPassword(name, password) {
      const found = held.get(name);
      requireModifiable(name, found);
      Object.assign(found ?? {}, { password, pending: true });
    },
    async turnBackupsOn(name, days) {
      const found = held.get(name);
      requireModifiable(name, found);
      if (found && found.backupRetentionDays !== days) Object.assign(found, { retentionAsked: days, pending: true });
    },
    async tag(arn, tags) {
      const found = [...held.values()].find((each) => each.arn === arn);
      if (found) found.tags = { ...found.tags, ...tags };
    },
    async destroy(name) {
      if (!name.startsWith(DRILL_PREFIX)) throw new DrError('BAD_USAGE', `${name} is not a drill's instance`);
      const found = held.get(name);
      if (!found || found.status === 'deleting') return;
      if (found.status === 'creating') throw new DrError('INVALID_STATE', `${name} is creating`);
      found.status = 'deleting';
      instances.destroyed.push(name);
    },
    list: async () => [...held.values()],
    missing: async () => instances.lacking,
  };
  return instances;
}

export function memorySecrets(): Secrets & { values: Map<string, string> } {
  const values = new Map<string, string>();
  return {
    values,
    async ensure(name) {
      const value = values.get(name) ?? `password ${values.size + 1}`;
      values.set(name, value);
      return value;
    },
    remove: async (name) => void values.delete(name),
    async resolve(reference) {
      const value = values.get(reference);
      if (value === undefined) throw new DrError('SECRET_UNREADABLE', `cannot read ${reference}`);
      return value;
    },
  };
}

const healthyReport = {
  schema: 'inspection/1' as const,
  serverVersion: '17.10',
  ledger: { count: 3, newest: '20250601111111' },
  extensions: ['intarray', 'plpgsql'],
  tables: ['accounts', 'origins', 'origin_packages'].map((name) => ({ name, owner: 'hab', rows: 9 })),
  nextId: { owner: 'hab' },
  signers: [],
  conflictingSigners: [],
  builderKeys: [],
  smoke: [{ name: 'database', ok: true, detail: 'logged in' }],
};

/** Answers each request with a report at once; a test changes what it says. */
export type MemoryInspection = Inspection & {
  asked: string[];
  answer: (report: InspectionReport) => InspectionReport | undefined;
  refuse: DrError | undefined;
};

export function memoryInspection(vault: Vault, clock: () => Date): MemoryInspection {
  const inspection: MemoryInspection = {
    asked: [],
    answer: (report) => report,
    refuse: undefined,
    async start({ run, report }) {
      if (inspection.refuse) throw inspection.refuse;
      inspection.asked.push(report);
      const { attempts } = runSchema.parse(JSON.parse((await vault.get(run))?.body ?? '{}'));
      const instance = attempts.at(-1)?.instance ?? 'none';
      const body = inspection.answer({ ...healthyReport, run, instance, at: clock().toISOString() });
      if (!body) return;
      try {
        await vault.put(report, encode(body), undefined);
      } catch (error) {
        if (!hasCode(error, 'CONFLICT')) throw error;
      }
    },
  };
  return inspection;
}

export function memoryCutOver(): CutOverPort & {
  files: Record<string, string>;
  hosts: string[];
  refuse: DrError | undefined;
} {
  const cutOver = {
    files: {} as Record<string, string>,
    hosts: [] as string[],
    refuse: undefined as DrError | undefined,
    publishSettings: async (files: Record<string, string>) => {
      if (cutOver.refuse) throw cutOver.refuse;
      cutOver.files = files;
    },
    dns: {
      name: 'builder-db.example.com',
      point: async (host: string) => {
        if (cutOver.refuse) throw cutOver.refuse;
        cutOver.hosts.push(host);
      },
    },
  };
  return cutOver;
}
