import { commandLine } from '../command-line.ts';
import { type Finding, finding } from '../findings.ts';
import { minutesBetween, notAhead, waitedMinutes } from '../ids.ts';
import { isProtected } from '../points/point.ts';
import type { Policy } from '../policy.ts';
import { unconfirmed } from '../recovery/fence.ts';
import { titleOf } from '../recovery/kinds.ts';
import { leftoverFindings } from '../recovery/leftovers.ts';
import { allFindings, isCutOver, isOver, releaseArguments, rtoSeconds, startArguments } from '../recovery/lifecycle.ts';
import { lostText, type OrderableClasses, versionText } from '../recovery/orderable.ts';
import { measuredBy, measuredText, rtoRun } from '../recovery/rehearsals.ts';
import { isProduction, isRealDrill, type Run } from '../recovery/run.ts';
import { finalPointOf, needsOperator, progressAt, waitsFor } from '../recovery/stuck.ts';
import { vaultKeys } from '../vault-layout.ts';
import type { Observations } from './observations.ts';

const MINUTES_A_DAY = 24 * 60;

function endedAt(run: Run): string {
  return run.history.at(-1)?.at ?? run.requestedAt;
}

function drillFindings(seen: Observations, policy: Policy, now: Date): Finding[] {
  const found: Finding[] = [];
  const ended = seen.runs.filter(isOver);
  // A real drill that failed stands until a real one passes: a small one proves less.
  const lasts = [
    ['the last drill', ended.findLast((each) => each.kind === 'drill')],
    ['the last real drill', ended.findLast(isRealDrill)],
    ['the alarm test', ended.findLast((each) => each.kind === 'alarm-test')],
  ] as const;
  for (const [what, last] of lasts) {
    if (last?.state !== 'failed' || found.some((each) => each.subject === last.id)) continue;
    const codes = [...new Set(allFindings(last).map((each) => each.code))].join(', ');
    const text = `${what} failed at ${endedAt(last)}: ${last.history.at(-1)?.why}${codes ? ` (${codes})` : ''}`;
    found.push(finding('DRILL_FAILED', last.id, text));
  }
  const passed = ended.findLast((each) => each.kind === 'drill' && each.state === 'passed');
  const since = passed ? endedAt(passed) : seen.points.find(isProtected)?.requestedAt;
  const days = since === undefined ? 0 : minutesBetween(since, now) / MINUTES_A_DAY;
  if (days > policy.drillIntervalDays) {
    const text = passed ? `the last drill that passed is ${days.toFixed(1)} days old` : 'no drill ever passed';
    found.push(finding('DRILL_OVERDUE', 'drill', `${text}; the interval is ${policy.drillIntervalDays} days`));
  }
  return [...found, ...rtoFindings(seen.runs, policy, now)];
}

function rtoFindings(runs: Run[], policy: Policy, now: Date): Finding[] {
  const measured = rtoRun(runs);
  const minutes = measured ? rtoSeconds(measured, now) / 60 : 0;
  if (!measured || minutes <= policy.rtoTargetMinutes) return [];
  const by = measuredBy(measured);
  const small = by.kind === 'small drill' ? ` (${measuredText(by)}: a failover's own may take longer)` : '';
  const text = `${titleOf(measured)} ${measured.id} took ${minutes.toFixed(1)} minutes; the target is ${policy.rtoTargetMinutes}${small}`;
  return [finding('RTO_EXCEEDED', measured.id, text)];
}

/** Two sites take writes, or nobody knows that they do not. */
function fenceFindings(seen: Observations): Finding[] {
  const inForce = seen.runs.filter(isProduction).findLast((each) => isCutOver(each) && each.fence.wanted);
  if (!inForce || seen.direction === 'primary→dr') return [];
  const why = unconfirmed(inForce.fence);
  if (why === '') return [];
  const answers = 'facts' in seen.primary;
  const text = `failover ${inForce.id} cut over, and the fence around ${seen.primary.region} is unconfirmed (${why})`;
  if (!answers) return [finding('FENCE_UNCONFIRMED', inForce.id, text)];
  return [finding('TWO_WRITERS', inForce.id, `${text}; its database answers`)];
}

/** Called off a moment ago, it is taken away by the passes that come. */
function isBeingLifted({ fence, runs }: Observations, policy: Policy, now: Date): boolean {
  const run = runs.find((each) => isProduction(each) && each.id === fence?.run);
  return (
    fence !== undefined &&
    fence.liftedAt === undefined &&
    run !== undefined &&
    isOver(run) &&
    waitedMinutes(endedAt(run), now) < policy.fenceMinutes
  );
}

/** As the last status has it, or from now on. */
export const fenceUnseenSince = ({ previous }: Observations, now: Date): string =>
  notAhead(previous?.fenceUnseenSince ?? now.toISOString(), now);

/** The primary is fenced, and nobody wants that. */
function strayFindings(seen: Observations, policy: Policy, now: Date): Finding[] {
  const closed = seen.closed ?? { database: false, bucket: false };
  if ('unknown' in closed) {
    const since = fenceUnseenSince(seen, now);
    if (closed.passes && waitedMinutes(since, now) < policy.fenceMinutes) return [];
    const why = `since ${since} nobody could look whether the primary in ${seen.primary.region} is fenced: ${closed.unknown}`;
    return [finding('FENCE_UNSEEN', 'fence', why)];
  }
  const { database, bucket } = closed;
  if ((!database && !bucket) || isBeingLifted(seen, policy, now)) return [];
  const halves = [
    ...(database ? ["the database is in the fence's security group"] : []),
    ...(bucket ? ["the bucket's policy denies writes"] : []),
  ];
  const { run } = seen.fence ?? {};
  const by = run ? `; it was raised last for failover ${run}` : '; no failover is known that raised it';
  const text = `${halves.join(' and ')} in ${seen.primary.region}, and no failover is in hand or in force${by}`;
  return [finding('FENCE_STRAY', 'fence', text)];
}

/** A failover that nobody but its operator takes on. */
function stuckFindings(seen: Observations, policy: Policy, now: Date): Finding[] {
  const stuck = seen.runs
    .filter(isProduction)
    .filter((each) => needsOperator(each, policy, now, finalPointOf(each, seen.points)))
    .map((each) => {
      const { blocked } = each;
      const finalPoint = finalPointOf(each, seen.points);
      const text = blocked
        ? `failover ${each.id} is blocked since ${blocked.at}: ${blocked.reason}. First: ${blocked.doFirst}. Then \`${commandLine(startArguments(blocked.resume), seen.configFile)}\``
        : `failover ${each.id} is ${each.state} and came no further since ${progressAt(each, now, finalPoint)}: ${waitsFor(each, now, finalPoint)}`;
      return finding('FAILOVER_STUCK', each.id, text);
    });
  return [...stuck, ...unreadableInHand(seen)];
}

/** While nobody can read the record of the one in hand it comes no further, and no other one is started. */
function unreadableInHand({ inHand, unreadable, configFile, direction }: Observations): Finding[] {
  const key = inHand && vaultKeys.run('failovers', inHand);
  // What has cut over is not taken out of hand.
  if (!inHand || direction !== 'primary→dr' || !unreadable.some((each) => each.key === key)) return [];
  const text = `failover ${inHand} is in hand, and its record cannot be read. \`${commandLine(releaseArguments(inHand), configFile)}\` takes it out of hand, so that another one can be started`;
  return [finding('FAILOVER_STUCK', inHand, text)];
}

/**
 * A failover needs one class of its own, so the last one lost is what makes a site not recoverable; each one lost
 * before is said by its name. Of a drill's classes only the last one matters: it takes the next by itself.
 */
function classFindings(classes: OrderableClasses): Finding[] {
  const found: Finding[] = [];
  const { failover, drill } = classes;
  const none = (list: OrderableClasses['failover']) => list.every((each) => each.problem !== undefined);
  const asked = `for ${versionText(classes)}`;
  if (none(failover)) {
    const text = `a failover now would be refused by RDS: ${asked}, ${lostText(failover)}`;
    found.push(finding('CLASS_UNORDERABLE', 'restore.classes', text));
  } else {
    for (const lost of failover.filter((each) => each.problem !== undefined)) {
      const others = failover.filter((each) => each === lost || each.problem === undefined);
      found.push(finding('CLASS_LOST', `restore.classes: ${lost.className}`, `${asked}, ${lostText(others)}`));
    }
  }
  if (none(drill)) {
    const text = `a small drill would be refused by RDS: ${asked}, ${lostText(drill)}`;
    found.push(finding('CLASS_LOST', 'restore.drillClasses', text));
  }
  return found;
}

/** What drills, failovers and the DR site's own preparation say. */
export function recoveryFindings(seen: Observations, policy: Policy, now: Date): Finding[] {
  const found: Finding[] = [];
  if (seen.direction !== 'primary→dr' && seen.reverse?.point == null) {
    const why =
      seen.direction === 'none'
        ? 'nothing protects it yet'
        : 'the stack that should protect it is silent or has no point';
    found.push(finding('UNPROTECTED', 'direction', `a failover put the DR site in force, and ${why}`));
  }
  found.push(
    ...fenceFindings(seen),
    ...strayFindings(seen, policy, now),
    ...stuckFindings(seen, policy, now),
    ...leftoverFindings(seen.leftovers),
  );
  if (seen.direction !== 'primary→dr') return found;
  found.push(...drillFindings(seen, policy, now));
  if (!seen.nodeFiles.some((path) => /(^|\/)(user\.toml|bldr\.env)$/.test(path))) {
    const text =
      'neither user.toml nor bldr.env of a Builder node is in escrow: a new node must be configured from memory';
    found.push(finding('NODE_CONFIG_MISSING', 'node', text));
  }
  for (const { code, subject, text } of seen.lacking) found.push(finding(code, subject, text));
  if (seen.classes) found.push(...classFindings(seen.classes));
  return found;
}
