import { commandLine } from '../../core/command-line.ts';
import { fenceText } from '../../core/notices/of-recovery.ts';
import type { Ports } from '../../core/ports/all.ts';
import { titleOf } from '../../core/recovery/kinds.ts';
import { leftoverText } from '../../core/recovery/leftovers.ts';
import { allFindings, phaseSeconds, rtoSeconds, startArguments } from '../../core/recovery/lifecycle.ts';
import { classesText } from '../../core/recovery/orderable.ts';
import type { Candidate, PlanStep } from '../../core/recovery/plan.ts';
import { measuredText } from '../../core/recovery/rehearsals.ts';
import { isProduction, type Run } from '../../core/recovery/run.ts';
import type { AbortReport, UnfenceReport } from '../../jobs/recovery/call-off.ts';
import type { DrillPlan } from '../../jobs/recovery/drill.ts';
import type { FailbackPlan } from '../../jobs/recovery/failback.ts';
import type { FailoverPlan, Held } from '../../jobs/recovery/failover.ts';
import type { FailoverStatus, UnreadInHand } from '../../jobs/recovery/leftovers.ts';
import type { ReleaseReport } from '../../jobs/recovery/release.ts';

/** What a text says of now, and what it says to type. */
type TextPorts = Pick<Ports, 'clock' | 'site'>;

function expected({ expectedSeconds: value, expectedFrom: from }: PlanStep): string {
  if (value === undefined) return 'not measured yet';
  const time = value < 90 ? `about ${value} s` : `about ${Math.round(value / 60)} min`;
  return from ? `${time}, from ${measuredText(from)}` : time;
}

function planText(point: string | null, steps: PlanStep[]): string {
  const lines = [point === null ? 'No recovery point can be restored.' : `From recovery point ${point}:`];
  for (const [index, step] of steps.entries()) {
    const needs = [step.needsPrimary ? 'primary' : '', step.needsUsEast1 ? 'us-east-1' : ''].filter(
      (each) => each !== '',
    );
    const note = needs.length > 0 ? `; wants ${needs.join(' and ')}, goes on without` : '';
    lines.push(`${index + 1}. ${step.phase} (${expected(step)}${note})`, `   ${step.does}`, `   because ${step.why}`);
  }
  return lines.join('\n');
}

export function drillPlanText({ point, real, steps, classes, nextScheduled }: DrillPlan): string {
  const next = `The next scheduled drill is ${nextScheduled.real ? 'of the real thing' : 'a small one'}`;
  const found = classesText(classes, real ? 'failover' : 'drill');
  return [planText(point, steps), found, `${next}: ${nextScheduled.why}.`].join('\n');
}

function heldLines({ id, state, release }: Held, configFile: string): string[] {
  const way = release ? [`To take it out of hand and start another one: ${commandLine(release, configFile)}`] : [];
  return [`Failover ${id} is in hand: ${state}.`, ...way, ''];
}

function candidateLines({ point, state, minutesLost, dataAt, artifacts, rejected }: Candidate): string[] {
  const lost = minutesLost === null ? 'unknown' : `${minutesLost} min lost`;
  const row = `  ${point}  ${state.padEnd(9)}  ${lost.padEnd(14)}  data of ${dataAt}  ${artifacts} artifacts`;
  return rejected ? [row, `    rejected: ${rejected}`] : [row];
}

export function failoverPlanText(plan: FailoverPlan, configFile: string): string {
  const lines = plan.inHand ? heldLines(plan.inHand, configFile) : [];
  lines.push('Candidates, in the order in which they are tried:');
  lines.push(...plan.candidates.flatMap(candidateLines));
  if (plan.leftOut.length > 0) {
    lines.push('Left out, unless named by --point:', ...plan.leftOut.flatMap(candidateLines));
  }
  for (const { problem } of plan.unreadable) lines.push(`  UNREADABLE ${problem}`);
  lines.push('', planText(plan.confirm, plan.steps), '', classesText(plan.classes, 'failover'));
  if (plan.unknown) {
    lines.push('', `Nobody knows what is in force there: ${plan.unknown.problem}`, `First: ${plan.unknown.doFirst}.`);
  }
  if (plan.start) lines.push('', `Type next: ${commandLine(startArguments(plan.start), configFile)}`);
  return lines.join('\n');
}

export function runText(run: Run, { clock, site }: TextPorts): string {
  const now = clock();
  const lines = [`${titleOf(run)} ${run.id}  ${run.state}: ${run.history.at(-1)?.why}`];
  const attempt = run.attempts.at(-1);
  if (attempt) lines.push(`  point ${attempt.point}, instance ${attempt.instance}, ${rtoSeconds(run, now)} s so far`);
  const phases = Object.entries(phaseSeconds(run, now)).map(([name, value]) => `${name} ${value} s`);
  lines.push(`  ${phases.join(', ')}`);
  if (isProduction(run)) lines.push(`  fence: ${fenceText(run)}`);
  for (const each of run.attempts.filter((one) => one.outcome === 'rejected'))
    lines.push(`  rejected ${each.point}: ${each.why}`);
  const seen = attempt?.comparison;
  if (seen) {
    lines.push(
      `  ${seen.packages} rows, ${seen.objects} objects: ${seen.byRecord} by record of the same bytes, ${seen.reread} read now, ${seen.unverifiable.count} not read, ${seen.missing.count} missing, ${seen.orphans.count} without a row`,
    );
  }
  for (const each of allFindings(run)) {
    lines.push(`  ${each.severity} ${each.code} (${each.subject}): ${each.text}`);
    for (const sample of each.samples ?? []) lines.push(`      ${sample}`);
    lines.push(`    -> ${each.hint}`);
  }
  for (const each of (isProduction(run) && run.cutOver?.steps) || []) {
    lines.push(
      `  ${each.ok ? 'done' : 'BY HAND'}: ${each.name}: ${each.ok ? each.detail : `${each.manual} (${each.detail})`}`,
    );
  }
  for (const each of run.errors.slice(-3)) lines.push(`  waited: ${each.at} ${each.message}`);
  if (isProduction(run) && run.blocked) {
    lines.push(
      `  first: ${run.blocked.doFirst}`,
      `Type next: ${commandLine(startArguments(run.blocked.resume), site.configFile)}`,
    );
  }
  return lines.join('\n');
}

function unreadLines({ problem, ...held }: UnreadInHand, { site }: TextPorts): string[] {
  return [`UNREADABLE ${problem}`, ...heldLines(held, site.configFile)];
}

export function failoverStatusText(told: (FailoverStatus | UnreadInHand)[], ports: TextPorts): string {
  const lines = told.flatMap((each) => ('leftovers' in each ? [] : unreadLines(each, ports)));
  const runs = told.flatMap((each) => ('leftovers' in each ? [each] : []));
  lines.push(...runs.slice(0, 1).map((run) => runText(run, ports)));
  for (const { leftovers } of runs) {
    if ('unknown' in leftovers)
      return [...lines, `What failovers left behind is not known: ${leftovers.unknown}`].join('\n');
    for (const each of leftovers) {
      lines.push(`left behind: ${each.instance}: ${leftoverText(each)}. To remove it:`);
      lines.push(...each.remove.map((line) => `    ${line}`));
    }
  }
  return lines.join('\n');
}

export function runsText(runs: Run[], ports: TextPorts): string {
  if (runs.length === 0) return 'No drill yet. `builder-dr drill` starts one.';
  return runs
    .slice(0, 10)
    .map((each) => runText(each, ports))
    .join('\n');
}

const problemLines = ({ problems }: Pick<AbortReport, 'problems'>): string[] =>
  problems.map((each) => `  NOT read or done: ${each}`);

export function abortText(report: AbortReport, ports: TextPorts): string {
  const lines = [runText(report.run, ports)];
  for (const [index, name] of report.kept.entries()) {
    lines.push(`  kept: ${name}. To remove it:`, `    ${report.remove[index]}`);
  }
  return [...lines, ...problemLines(report)].join('\n');
}

export function failbackText(plan: FailbackPlan): string {
  const lines = [`Failback after failover ${plan.failover}; protection flows ${plan.direction}; fence ${plan.fence}.`];
  const record = plan.failback;
  if (record) {
    lines.push(`  ${record.state}: ${record.history.at(-1)?.why}${record.problem ? `; waits: ${record.problem}` : ''}`);
    if (record.diverged) {
      const { rows, harts, key } = record.diverged;
      lines.push(
        `  written there after the restored point: ${rows.count} rows, ${harts.count} harts; the list is ${key} in the vault`,
      );
      for (const sample of new Set([...rows.samples, ...harts.samples])) lines.push(`      ${sample}`);
    }
  }
  if (plan.reverse)
    lines.push(
      `  the other direction: ${plan.reverse.protecting ? 'protecting' : 'NOT protecting'}, point ${plan.reverse.point ?? 'none'}`,
    );
  lines.push('The way back:', ...plan.steps.map((step, index) => `${index + 1}. ${step}`));
  return lines.join('\n');
}

/** How each half of the primary stands after its fence was taken away. */
export function unfenceText({ fence, problems }: Pick<UnfenceReport, 'fence' | 'problems'>): string {
  const { database, bucket } = fence;
  const half = (name: string, { open, problem, waitsFor }: typeof bucket) =>
    `${name}: ${open ? 'open' : `NOT open (${problem ?? waitsFor ?? 'not yet'})`}`;
  const halves = [half('database of the primary', database), half('bucket of the primary', bucket)];
  return [...halves, ...problemLines({ problems })].join('\n');
}

/** What was taken out of hand, what is left of it, and what comes next. */
export function releaseText(
  { released, run, unreadable, lastReadable: readable, fence, problems }: ReleaseReport,
  { site }: TextPorts,
): string {
  const lines = [`failover ${released} is no longer in hand; nothing of it cuts over.`];
  if (run) lines.push(`its record: ${run.state}`);
  if (unreadable) lines.push(`its record was left as it is: ${unreadable.problem}`);
  if (readable && 'none' in readable) lines.push(readable.none);
  if (readable && 'version' in readable) {
    const { version, writtenAt, state, restore } = readable;
    lines.push(`its last readable version is ${version} of ${writtenAt}, ${state}. To put it back:`, `    ${restore}`);
  }
  if (fence) lines.push(unfenceText({ fence, problems }));
  else lines.push(...problemLines({ problems }));
  lines.push(`Type next: ${commandLine(['failover', 'plan'], site.configFile)}`);
  return lines.join('\n');
}
