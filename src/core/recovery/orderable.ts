import type { OrderableOption } from '../ports/offers.ts';
import type { RestoreRequest } from '../ports/recovery.ts';

/** `problem`: why RDS would refuse this class; undefined when it can be ordered. */
export type ClassVerdict = { className: string; problem: string | undefined };

/** What of the configured classes can be ordered, at the moment it was asked. */
export type OrderableClasses = {
  snapshot: { engine: string; version: string };
  /** The version that a restore of it would have now; undefined when RDS offers none of its family. */
  version: string | undefined;
  failover: ClassVerdict[];
  drill: ClassVerdict[];
};

/** Compares `17.9` and `17.10` by their numbers. */
function byNumbers(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/** RDS restores a snapshot as the version that it is of, or, where that is retired, as a newer minor of its major. */
export function restoredVersion(snapshotVersion: string, offered: string[]): string | undefined {
  return offered.includes(snapshotVersion) ? snapshotVersion : offered.toSorted(byNumbers).at(-1);
}

function outside(what: string, value: number | undefined, { least = 0, most }: OrderableOption['iops']): string[] {
  if (value === undefined || (value >= least && value <= (most ?? value))) return [];
  return [`${what} ${value} is outside of ${least} to ${most ?? 'any'}`];
}

/** Why this way of ordering the class does not fit the request. */
function misfits(
  request: RestoreRequest,
  option: OrderableOption,
  zones: string[] | undefined,
  encrypted: boolean,
): string[] {
  const { multiAz, iops, throughputMibps, storageGib, iamAuthentication, subnetGroup } = request;
  const needed = multiAz ? 2 : 1;
  const shared = zones?.filter((zone) => option.zones.includes(zone));
  const where = `only in ${shared?.join(', ') || 'none'} of the zones of subnet group ${subnetGroup} (${zones?.join(', ')})`;
  return [
    ...(multiAz && !option.multiAz ? ['not as Multi-AZ'] : []),
    ...(shared && shared.length < needed ? [`${where}; ${needed} are needed`] : []),
    ...(encrypted && !option.encryption ? ['not with encrypted storage'] : []),
    ...(iamAuthentication && !option.iamAuthentication ? ['not with restore.iamAuthentication'] : []),
    ...(iops !== undefined && !option.takesIops ? ['restore.iops is not taken'] : []),
    ...(throughputMibps !== undefined && !option.takesThroughput ? ['restore.throughputMibps is not taken'] : []),
    ...outside('storage of GiB', storageGib, option.storageGib),
    ...outside('restore.iops', iops, option.iops),
    ...outside('restore.iops per GiB', iops && iops / storageGib, option.iopsPerGib),
    ...outside('restore.throughputMibps', throughputMibps, option.throughputMibps),
  ];
}

/** Why RDS would refuse this very restore for its class; undefined when it would not. `zones`: of the subnet group, where known. */
export function classProblem(
  request: RestoreRequest,
  options: OrderableOption[],
  zones: string[] | undefined,
  encrypted: boolean,
): string | undefined {
  const ofClass = options.filter((each) => each.className === request.className);
  if (ofClass.length === 0) return 'RDS does not offer it';
  const ways = ofClass.filter((each) => each.storageType === request.storageType);
  if (ways.length === 0) {
    const types = [...new Set(ofClass.map((each) => each.storageType))].join(', ');
    return `not with ${request.storageType} storage (only with ${types})`;
  }
  const found = ways.map((way) => misfits(request, way, zones, encrypted));
  const [closest = []] = found.toSorted((a, b) => a.length - b.length);
  return closest.length === 0 ? undefined : closest.join('; ');
}

const withWhy = ({ className, problem }: ClassVerdict) => `${className} (${problem})`;

/** For which version it was asked, and why for another than the snapshot's. */
export function versionText({ snapshot: of, version }: OrderableClasses): string {
  const snapshot = `${of.engine} ${of.version}`;
  if (version === undefined) return `${snapshot}, of whose major RDS offers no version any more`;
  return version === of.version ? snapshot : `${version}, as ${snapshot} is retired`;
}

/** What is lost of a list of classes, in words; undefined when all of them can be ordered. */
export function lostText(classes: ClassVerdict[]): string | undefined {
  const lost = classes.filter((each) => each.problem !== undefined);
  if (lost.length === 0) return undefined;
  const left = classes.filter((each) => each.problem === undefined).map((each) => each.className);
  const rest = left.length > 0 ? `left: ${left.join(', else ')}` : 'none is left';
  return `${lost.map(withWhy).join(', ')} cannot be ordered; ${rest}`;
}

/** For a plan: it is shown all the same when RDS did not answer. */
export type ClassesSeen = OrderableClasses | { unknown: string };

/** What a plan says of the classes of its target. */
export function classesText(seen: ClassesSeen, target: 'failover' | 'drill'): string {
  if ('unknown' in seen) return `Whether its classes can be ordered is not known: ${seen.unknown}`;
  const names = seen[target].map((each) => each.className).join(', else ');
  const found = lostText(seen[target]) ?? `${names} can be ordered`;
  return `For ${versionText(seen)}: ${found}. RDS was asked just now; orderable is not capacity.`;
}
