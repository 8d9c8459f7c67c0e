import type { Point } from '../core/points/documents.ts';
import type { Policy } from '../core/policy.ts';
import type { AdvancePorts } from '../core/ports/all.ts';
import type { CurrentDirection } from '../core/recovery/direction.ts';
import type { Run } from '../core/recovery/run.ts';
import { DrError, describeError } from '../errors.ts';
import type { ReplicaCoverage } from './artifacts/coverage.ts';
import { type Darkness, watchDarkness } from './darkness.ts';
import { readDirection } from './vault/direction.ts';
import { readPoints } from './vault/points.ts';
import { readOnce } from './vault/read-once.ts';
import { readRuns } from './vault/runs.ts';

/** One pass over everything in flight: what it read at its beginning, what it keeps up to date, what went wrong. */
export type Pass = {
  ports: AdvancePorts;
  policy: Policy;
  darkness: Darkness;
  /** Oldest first. */
  points: Point[];
  /** Drills, failovers and the like, oldest first. */
  runs: Run[];
  /** Failovers whose reboot of the primary was asked for, or looked for, in this very pass. */
  rebooted: Set<string>;
  /** Failovers whose fence was looked at in this very pass. */
  fenced: Set<string>;
  /** The primary was changed while that ceased to be wanted: it is undone. */
  overtaken: boolean;
  /** Failovers for which this very pass has noted that the fence is raised. */
  raised: Map<string, 'with groups' | 'alone'>;
  /** Failovers whose fenced bucket was tried in this very pass. */
  probed: Set<string>;
  /** Points whose artifacts this very pass has listed at the primary. */
  listed: Set<string>;
  /** What was found of the replica for a point, by its id. */
  coverage: Map<string, ReplicaCoverage>;
  /** Points whose missing artifacts this very pass has asked for. */
  asked: Set<string>;
  /** ETags at the primary of what points lack, once it was listed for that. */
  atPrimary?: Promise<{ wanted: ReadonlySet<string>; found: ReadonlyMap<string, string> }>;
  errors: { id: string; error: unknown }[];
};

/** Reads the catalogue, once. The primary that does not answer is asked once by this pass. */
export async function beginPass(unguarded: AdvancePorts, policy: Policy): Promise<Pass> {
  const { ports, darkness } = watchDarkness({ ...unguarded, vault: readOnce(unguarded.vault) });
  const { points, unreadable } = await readPoints(ports.vault);
  const { runs, unreadable: brokenRuns } = await readRuns(ports.vault);
  const errors = [...unreadable, ...brokenRuns].map(({ key, problem }) => ({
    id: key,
    error: new DrError('VAULT_UNREADABLE', problem, { subject: key }),
  }));
  return {
    ports,
    policy,
    darkness,
    points,
    runs,
    rebooted: new Set(),
    fenced: new Set(),
    overtaken: false,
    raised: new Map(),
    probed: new Set(),
    listed: new Set(),
    coverage: new Map(),
    asked: new Set(),
    errors,
  };
}

/** Notes an error under the name of what failed, and lets the rest go on. */
export async function attempt<T>(pass: Pass, id: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    pass.errors.push({ id, error });
    return undefined;
  }
}

/** The direction, or undefined when it cannot be read: that is noted once, and recoveries go on without it. */
export async function directionOf(pass: Pass): Promise<CurrentDirection | undefined> {
  if (pass.errors.some(({ id }) => id === 'direction')) return undefined;
  return attempt(pass, 'direction', () => readDirection(pass.ports.vault));
}

/** What of this pass failed, each under its name: for an answer that stands all the same. */
export const problemsOf = ({ errors }: Pick<Pass, 'errors'>): string[] =>
  errors.map(({ id, error }) => {
    const said = describeError(error);
    return said.startsWith(`${id}:`) ? said : `${id}: ${said}`;
  });

/** Throws PARTIAL_FAILURE when something of the pass failed; an unreadable direction alone is thrown as itself. */
export function finishPass(pass: Pass): void {
  const { errors } = pass;
  const first = errors[0];
  if (!first) return;
  if (errors.length === 1 && first.id === 'direction') throw first.error;
  const all = problemsOf(pass).join('; ');
  const hint = first.error instanceof DrError ? first.error.hint : undefined;
  throw new DrError('PARTIAL_FAILURE', `${errors.length} of what is in flight could not advance: ${all}`, {
    subject: first.id,
    cause: first.error,
    ...(hint ? { hint } : {}),
  });
}
