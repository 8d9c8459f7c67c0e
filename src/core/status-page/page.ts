import type { Deletions } from '../artifacts/deletions.ts';
import type { ReconcileRecord, VerifiedIndex } from '../artifacts/documents.ts';
import { mostUrgentFirst } from '../findings.ts';
import { minutesBetween } from '../ids.ts';
import { nextCommand } from '../notices/of-readiness.ts';
import type { Point } from '../points/documents.ts';
import { newestFirst } from '../points/point.ts';
import type { RetentionPlan } from '../points/retention.ts';
import type { StatusRecord } from '../readiness/documents.ts';
import type { Reading } from '../readiness/history.ts';
import { titleOf } from '../recovery/kinds.ts';
import { isOver, phaseSeconds, rtoSeconds } from '../recovery/lifecycle.ts';
import { measuredBy, measuredText, rtoRun } from '../recovery/rehearsals.ts';
import type { Run } from '../recovery/run.ts';
import { type Html, html } from './html.ts';
import { rpoPlot, spoken, stackedBars } from './plots.ts';
import { retentionTable } from './retention.ts';
import { SCRIPT, STYLE } from './style.ts';

const POINTS_SHOWN = 24;
const RUNS_SHOWN = 8;
const STALE_MINUTES = 60;

/** All that the page shows. */
export type PageFacts = {
  stage: string;
  configFile: string;
  primaryRegion: string;
  drRegion: string;
  rtoTargetMinutes: number;
  status: StatusRecord;
  readings: Reading[];
  points: Point[];
  runs: Run[];
  /** Undefined where nothing is ever removed. */
  retention?: RetentionPlan | undefined;
  verified: VerifiedIndex | undefined;
  reconcile: ReconcileRecord | undefined;
  deletions?: Deletions | undefined;
  now: Date;
};

const words = { READY: '✔ READY', DEGRADED: '▲ DEGRADED', NOT_READY: '✖ NOT READY' };
const yesNo = (value: boolean) => (value ? html`<b class="good">yes</b>` : html`<b class="bad">NO</b>`);
const clock = (at: string) => at.slice(0, 16).replace('T', ' ');

/** Words in backquotes are what a person types. */
function withCode(text: string): Html[] {
  return text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : html`${part}`));
}

function head({ status, stage, configFile, primaryRegion, drRegion, runs, rtoTargetMinutes, now }: PageFacts): Html {
  const { rpoMinutes, rpoTargetMinutes } = status;
  const measured = rtoRun(runs);
  const rto = measured ? spoken(rtoSeconds(measured, now) / 60) : 'never measured';
  const how = measured ? `RTO of ${measuredText(measuredBy(measured))}` : 'RTO';
  return html`<header><h1>Builder disaster recovery, stage ${stage}</h1>
<p class="soft">${primaryRegion} → ${drRegion}</p></header>
<main><strong class="word ${status.status}">${words[status.status]}</strong>
<p>Assessed <time datetime="${status.at}">${clock(status.at)} UTC</time>, <span id="age" data-at="${status.at}" data-limit="${STALE_MINUTES}">age unknown</span>.</p>
<dl class="numbers">
<div><dt>Would a failover now succeed?</dt><dd>${yesNo(status.recoverable)}</dd></div>
<div><dt>Is new data protected?</dt><dd>${yesNo(status.protecting)}</dd></div>
<div><dt>RPO now, target ${spoken(rpoTargetMinutes)}</dt><dd>${rpoMinutes === null ? 'no point to restore' : spoken(rpoMinutes)}</dd></div>
<div><dt>${how}, target ${spoken(rtoTargetMinutes)}</dt><dd>${rto}</dd></div>
</dl>
<h2>What to type next</h2><pre class="next"><code>${nextCommand(status, configFile)}</code></pre>`;
}

function findings({ findings: found }: StatusRecord): Html {
  const each = mostUrgentFirst(found).map(
    (
      one,
    ) => html`<article class="finding ${one.severity}"><b class="${one.severity}">${one.severity.toUpperCase()} ${one.code}</b> <span class="soft">${one.subject}</span>
<p>${one.text}</p>${(one.samples ?? []).length > 0 && html`<ul>${(one.samples ?? []).slice(0, 5).map((sample) => html`<li><code>${sample}</code></li>`)}</ul>`}
<p><b>What to do:</b> ${withCode(one.hint)}</p></article>`,
  );
  return html`<h2>Findings</h2>${each.length > 0 ? each : html`<p>None.</p>`}`;
}

function stateOf(state: Point['state']): Html {
  const good = state === 'protected' || state === 'proven';
  const bad = state === 'failed' || state === 'suspect';
  return html`<b class="${good ? 'good' : bad ? 'bad' : 'attention'}">${state}</b>`;
}

function pointRow(point: Point, now: Date): Html {
  const { database, artifacts } = point;
  const age = 'dataAt' in database ? `${spoken(minutesBetween(database.dataAt, now))} old` : 'not captured yet';
  const copy = database.state === 'copying' ? `copying ${database.percent} %` : database.state;
  const count = 'count' in artifacts ? `${artifacts.state} (${artifacts.count})` : artifacts.state;
  return html`<tr><td class="nowrap"><code>${point.id}</code></td><td>${stateOf(point.state)}</td><td class="nowrap">${age}</td><td>${copy}</td><td>${count}</td><td>${point.keys.state}</td></tr>`;
}

function points({ points: all, now }: PageFacts): Html {
  const shown = newestFirst(all.filter((each) => each.state !== 'expired')).slice(0, POINTS_SHOWN);
  if (shown.length === 0) return html`<h2>Recovery points</h2><p>None yet.</p>`;
  return html`<h2>Recovery points</h2><div class="scroll" tabindex="0" role="region" aria-label="Recovery points"><table>
<thead><tr><th scope="col">Point</th><th scope="col">State</th><th scope="col">Data</th><th scope="col">Database</th><th scope="col">Artifacts</th><th scope="col">Keys</th></tr></thead>
<tbody>${shown.map((each) => pointRow(each, now))}</tbody></table></div>
<p class="soft">The newest ${shown.length} of ${all.length}.</p>`;
}

function drills({ runs, rtoTargetMinutes, now }: PageFacts): Html {
  const shown = runs
    .filter((each) => isOver(each) && each.kind !== 'alarm-test')
    .slice(-RUNS_SHOWN)
    .reverse();
  if (shown.length === 0) return html`<h2>RTO by phase</h2><p>No drill has ended yet.</p>`;
  const bars = shown.map((run) => ({
    name: `${titleOf(run)} ${run.id}: ${run.state}`,
    parts: Object.entries(phaseSeconds(run, now))
      .filter(([name]) => name !== 'cleaning-up')
      .map(([name, value]) => ({ name, value })),
    total: spoken(rtoSeconds(run, now) / 60),
  }));
  const about = bars.map(({ name, total }) => `${name}, ${total}`).join('; ');
  return html`<h2>RTO by phase</h2><p class="soft">Target ${spoken(rtoTargetMinutes)}; the newest first.</p>${stackedBars(bars, about)}`;
}

function coverage({ verified, reconcile }: PageFacts): Html {
  if (!verified) return html`<h2>Artifacts in the replica</h2><p>Nothing verified yet.</p>`;
  const missing = reconcile?.missing.count ?? 0;
  const parts = [
    { name: `verified: ${verified.ok}`, value: verified.ok },
    { name: `signer unknown: ${verified.unknownSigner.count}`, value: verified.unknownSigner.count },
    { name: `not verified yet: ${verified.unverified.count}`, value: verified.unverified.count },
    { name: `missing: ${missing}`, value: missing },
    { name: `damaged: ${verified.damaged.count}`, value: verified.damaged.count },
  ];
  const total = parts.reduce((sum, each) => sum + each.value, 0);
  const share = total === 0 ? 'no artifacts' : `${((verified.ok / total) * 100).toFixed(1)} % verified`;
  const about = parts.map(({ name }) => name).join(', ');
  return html`<h2>Artifacts in the replica</h2>${stackedBars([{ name: `${total} artifacts`, parts, total: share }], about)}`;
}

/** What the primary no longer has and the replica still keeps, as of the last comparison. */
function withheld({ deletions }: PageFacts): Html {
  if (!deletions) return html``;
  const { at, withheld: count, hidden, oldestGoneAt, blocked } = deletions;
  const oldest = oldestGoneAt ? html`, the oldest gone since ${clock(oldestGoneAt)} UTC` : html``;
  const waits = blocked
    ? html` Nothing is removed since ${clock(blocked.since)} UTC: ${withCode(blocked.why)}.`
    : html``;
  return html`<p class="soft">Deleted at the primary and still kept: ${count}${oldest}; hidden and soon let go: ${hidden}; as of ${clock(at)} UTC.${waits}</p>`;
}

/** The status page: one file that asks nobody for anything. */
export function statusPage(facts: PageFacts): string {
  const { status, readings, stage } = facts;
  const rpo = readings.length > 0 ? rpoPlot(readings, status.rpoTargetMinutes) : html`<p>No reading yet.</p>`;
  const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";
  // The icon is empty: without one a browser asks the server for its own.
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}"><meta name="referrer" content="no-referrer">
<title>${status.status} · Builder DR ${stage}</title><link rel="icon" href="data:,">
<style>STYLE</style></head><body>
${head(facts)}
${findings(status)}
<h2>RPO over time</h2>${rpo}
${points(facts)}
${retentionTable(facts.retention)}
${drills(facts)}
${coverage(facts)}
${withheld(facts)}
</main><script>SCRIPT</script></body></html>
`;
  return page.text
    .replace('<style>STYLE', () => `<style>${STYLE}`)
    .replace('<script>SCRIPT', () => `<script>${SCRIPT}`);
}
