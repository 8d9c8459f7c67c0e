import { commandLine } from '../../core/command-line.ts';
import type { Policy } from '../../core/policy.ts';
import type { AdvancePorts, Ports } from '../../core/ports/all.ts';
import { type CurrentDirection, type InHand, lettingGo } from '../../core/recovery/direction.ts';
import { isOver, releaseArguments } from '../../core/recovery/lifecycle.ts';
import { isProduction, type ProductionRun, runSchema } from '../../core/recovery/run.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError, describeError, hasCode } from '../../errors.ts';
import { beginPass, type Pass, problemsOf } from '../pass.ts';
import { readDirection, swapDirection } from '../vault/direction.ts';
import type { Unreadable } from '../vault/documents.ts';
import { forget } from '../vault/read-once.ts';
import { recordOf } from '../vault/runs.ts';
import { lastReadable } from '../vault/versions.ts';
import { type Opened, settleFence } from './fencing.ts';
import { endOvertaken } from './in-hand.ts';

/**
 * The failover that the direction has in hand, while it is not over; none where there is no record of it. VAULT_UNREADABLE
 * with the way out where there is one that nobody can read.
 */
export async function recordInHand(
  { vault, site }: Pick<Ports, 'site' | 'vault'>,
  { run }: Pick<InHand, 'run'>,
): Promise<ProductionRun | undefined> {
  const key = vaultKeys.run('failovers', run);
  forget(vault, key);
  try {
    const found = await recordOf(vault, key);
    return found && isProduction(found) && !isOver(found) ? found : undefined;
  } catch (cause) {
    if (!hasCode(cause, 'VAULT_UNREADABLE')) throw cause;
    throw new DrError(
      'VAULT_UNREADABLE',
      `failover ${run} is in hand, and its record cannot be read: ${cause.message}`,
      {
        subject: key,
        cause,
        hint: `\`${commandLine(releaseArguments(run), site.configFile)}\` takes it out of hand, so that another one can be started; or restore the previous version of its record.`,
      },
    );
  }
}

export type ReleaseReport = {
  /** The failover that is no longer in hand. */
  released: string;
  /** What became of its record; null where there is none, or none that can be read. */
  run: ProductionRun | null;
  /** Its record, where it cannot be read: it is left as it is. */
  unreadable: Unreadable | null;
  /** Of such a record. */
  lastReadable: LastReadable | null;
  /** How each half of the primary stands; null where nobody knows of a fence. Every pass carries it on. */
  fence: Opened | null;
  /** What else of the site could not be read or done meanwhile. */
  problems: string[];
};

/** The newest version that can be read, with the line that puts it back, or why none is known. */
type LastReadable = { version: string; writtenAt: string; state: string; restore: string } | { none: string };

function requireNotInForce({ direction, failover }: CurrentDirection): void {
  if (direction === 'primary→dr') return;
  const what = failover === undefined ? `protection flows ${direction}` : `failover ${failover} is in force`;
  throw new DrError('BAD_USAGE', `${what}: what has cut over is not taken out of hand`, {
    subject: vaultKeys.direction,
    hint: 'Going back is a failback: `builder-dr failback plan`.',
  });
}

/** Whose place it is, once the operator has named it. */
function requireConfirmed({ inHand }: CurrentDirection, confirm: string | undefined, configFile: string): string {
  if (!inHand) {
    throw new DrError('BAD_USAGE', 'no failover is in hand: nothing keeps another one from being started', {
      subject: vaultKeys.direction,
      hint: '`builder-dr failover status` shows the failovers; `builder-dr failover plan` what a new one would take.',
    });
  }
  if (inHand.run === confirm) return inHand.run;
  throw new DrError('NOT_CONFIRMED', `failover ${inHand.run} is in hand, and not ${confirm ?? 'confirmed'}`, {
    subject: inHand.run,
    hint: `Say: ${commandLine(releaseArguments(inHand.run), configFile)}`,
  });
}

/**
 * Takes the failover in hand out of it, whatever its record says and whether it can be read: the swap of the direction is
 * all that it takes. From then on nothing of it cuts over. What its own cut-over put in force stays: BAD_USAGE. NOT_CONFIRMED
 * names the line to type.
 */
export async function releaseFailover(
  ports: AdvancePorts,
  policy: Policy,
  confirm: string | undefined,
): Promise<ReleaseReport> {
  const before = await readDirection(ports.vault);
  requireNotInForce(before);
  const released = requireConfirmed(before, confirm, ports.site.configFile);
  const after = await swapDirection(ports, (now) =>
    now.direction === 'primary→dr' && now.inHand?.run === released
      ? lettingGo(now, released, ports.clock())
      : undefined,
  );
  requireNotInForce(after);
  const pass = await beginPass(ports, policy);
  const ended = await endReleased(pass, released);
  const fence = await settleFence(pass);
  // What is left to do is done by the passes.
  await ports.signals.setTick(true);
  const lastReadable = ended.unreadable ? await readableVersion(ports, ended.unreadable.key) : null;
  // Its own record is told apart.
  const problems = problemsOf({ errors: pass.errors.filter(({ id }) => id !== vaultKeys.run('failovers', released)) });
  return { released, ...ended, lastReadable, fence: fence ?? null, problems };
}

/** For whoever wants to know what that failover had done: nothing depends on it. */
async function readableVersion({ vault, displaced, site, log }: AdvancePorts, key: string): Promise<LastReadable> {
  try {
    const found = await lastReadable(vault, key, runSchema);
    if (!found) return { none: 'none of the versions that the vault keeps can be read' };
    const { version, writtenAt, value } = found;
    // What is displaced lies in the vault's bucket.
    const { bucket } = displaced;
    const from = `'${bucket}/${key}?versionId=${version}'`;
    const restore = `aws s3api copy-object --region ${site.drRegion} --bucket ${bucket} --key ${key} --copy-source ${from}`;
    return { version, writtenAt, state: value.state, restore };
  } catch (error) {
    log.warn('nobody knows which version of a record can be read', { key, error: describeError(error) });
    return { none: `the versions of it could not be read: ${describeError(error)}` };
  }
}

/** Its record ends too, as far as it can be read and written: nothing depends on that. */
async function endReleased(pass: Pass, id: string): Promise<Pick<ReleaseReport, 'run' | 'unreadable'>> {
  const key = vaultKeys.run('failovers', id);
  const broken = pass.errors.find((each) => each.id === key);
  try {
    const found = broken ? undefined : await recordOf(pass.ports.vault, key);
    const run = found && isProduction(found) ? await endOvertaken(pass, found) : null;
    return { run, unreadable: broken ? { key, problem: describeError(broken.error) } : null };
  } catch (error) {
    pass.ports.log.warn('the record of a released failover could not be ended', { key, error: describeError(error) });
    return { run: null, unreadable: { key, problem: describeError(error) } };
  }
}
