import type { RestoreSettings } from '../policy.ts';
import type { RestoreRequest } from '../ports/recovery.ts';

/** From this size gp3 takes Iops and StorageThroughput, and then both; below it takes neither (RDS, "gp3 storage"). */
const GP3_TUNABLE_GIB = 400;
/** Storage that grows in a restore grows by a tenth at least, and never shrinks (RDS). */
const LEAST_GROWTH = 1.1;
/** Marks what this product restored; the value is the run's key in the vault. */
export const RUN_TAG = 'builder-dr:run';
export const ROLE_TAG = 'builder-dr:role';
export const DRILL_PREFIX = 'hbdr-drill-';

/** AWS's own default, said explicitly: it keeps the engine's version, which a drill and a failover must share. */
const DEFAULT_LIFECYCLE = 'open-source-rds-extended-support';

/** Scratch: small and deletable. Real: as a failover's, and deletable. Production: kept. */
export type RestoreTarget = 'scratch' | 'real' | 'production';

type Restored = { name: string; snapshot: string; sizeGib: number; engineLifecycleSupport: string | undefined };

/** The request for one instance. What a drill restores is deletable and may be smaller; all else is the same in drill and failover. */
export function restoreRequest(
  settings: RestoreSettings,
  target: RestoreTarget,
  what: Restored & { className: string; run: string },
): RestoreRequest {
  const production = target === 'production';
  const wanted = settings.storageGib ?? 0;
  const storageGib = wanted > what.sizeGib ? Math.max(wanted, Math.ceil(what.sizeGib * LEAST_GROWTH)) : what.sizeGib;
  const tunable = settings.storageType === 'gp3' ? storageGib >= GP3_TUNABLE_GIB : settings.iops !== undefined;
  return {
    name: what.name,
    snapshot: what.snapshot,
    className: what.className,
    subnetGroup: settings.subnetGroup,
    securityGroups: settings.securityGroups,
    parameterGroup: settings.parameterGroup,
    storageType: settings.storageType,
    storageGib,
    iops: tunable ? settings.iops : undefined,
    throughputMibps: tunable && settings.storageType === 'gp3' ? settings.throughputMibps : undefined,
    multiAz: target !== 'scratch' && settings.multiAz,
    deletionProtection: production && settings.deletionProtection,
    // A first backup would keep the instance `backing-up` for hours: a failover turns them on once it is inspected.
    backupRetentionDays: 0,
    caCertificate: settings.caCertificate,
    // The log group that RDS makes outlives its instance, and a drill's nobody would look for.
    logExports: production ? settings.logExports : [],
    iamAuthentication: settings.iamAuthentication,
    engineLifecycleSupport: what.engineLifecycleSupport ?? DEFAULT_LIFECYCLE,
    tags: { [RUN_TAG]: what.run, [ROLE_TAG]: production ? 'failover' : 'drill' },
  };
}

/** The classes of a target, the best one first. */
export function classesFor(settings: RestoreSettings, target: RestoreTarget): string[] {
  return target === 'scratch' ? settings.drillClasses : settings.classes;
}

/** The next class to try: the first that was not refused; undefined when AWS has none of them. */
export function nextClass(classes: string[], refused: { className: string }[]): string | undefined {
  return classes.find((name) => !refused.some((each) => each.className === name));
}
