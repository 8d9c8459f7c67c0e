import type { CopySource } from '../../../src/core/ports/artifacts.ts';
import { DrError } from '../../../src/errors.ts';
import type { FaultKind } from './history.ts';

type Site = 'primary' | 'dr';

const primaryCalls = new Set(['database.capture', 'database.status', 'database.copyToDr', 'database.source']);
/** Their first argument is the site. */
const eitherSite = new Set([
  'database.snapshotUse',
  'database.removeSnapshot',
  'database.snapshotQuota',
  'metrics.put',
]);
const copies = new Set(['copyFrom', 'replaceFrom', 'tryCopy']);

/** Which site a call of a port asks. A copy reads at its source. */
export function siteOf(name: string, args: readonly unknown[]): Site {
  const [port = '', method = ''] = name.split('.');
  if (port === 'fence' || port === 'primaryArtifacts' || primaryCalls.has(name)) return 'primary';
  if (eitherSite.has(name)) return args[0] === 'primary' ? 'primary' : 'dr';
  if (copies.has(method)) return (args[0] as CopySource).bucket.startsWith('primary') ? 'primary' : 'dr';
  return 'dr';
}

type Refusal = Exclude<FaultKind, 'kill' | 'kill after' | 'slow'>;

/** What a call fails with, as an adapter translates it. */
export const faultErrors: Record<Refusal, (name: string, site: 'primary' | 'dr') => Error> = {
  before: (name, site) => new DrError('SITE_UNREACHABLE', `${name}: TimeoutError`, { site }),
  lost: (name, site) => new DrError('SITE_UNREACHABLE', `${name}: socket hang up`, { site }),
  throttled: (name) => new DrError('THROTTLED', `${name}: ThrottlingException`),
  refused: (name) => new DrError('ACCESS_DENIED', `${name}: AccessDenied`),
  broken: (name) => new DrError('REMOTE_FAILED', `${name}: 503 ServiceUnavailable`),
};

/** The call with the names that it is about. */
export function keyed(name: string, args: readonly unknown[]): string {
  const more = nameOf(args[0]);
  return more === undefined ? name : `${name} ${more}`;
}

export function nameOf(first: unknown): string | undefined {
  if (typeof first === 'string') return first;
  if (typeof first !== 'object' || first === null) return undefined;
  const { name, report, entry } = first as { name?: unknown; report?: unknown; entry?: { key?: unknown } };
  return [name, report, entry?.key].find((each) => typeof each === 'string') as string | undefined;
}

export function describe(error: unknown): string {
  if (error instanceof DrError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
