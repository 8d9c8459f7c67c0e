import type { RetentionPlan, RetentionRow } from '../points/retention.ts';
import { type Html, html } from './html.ts';

const ROWS_SHOWN = 150;

function retentionRow({ point, state, verdict, reasons, primarySnapshot }: RetentionRow): Html {
  const word = verdict === 'keep' ? html`keep` : html`<b class="attention">remove</b>`;
  return html`<tr><td class="nowrap"><code>${point}</code></td><td>${state}</td><td>${word}</td><td>${reasons.join('; ')}</td><td>${primarySnapshot.verdict}</td></tr>`;
}

/** What the retention keeps, what goes, and why: the table of `prune --dry-run`. */
export function retentionTable(plan: RetentionPlan | undefined): Html {
  if (!plan)
    return html`<h2>Retention</h2><p>No section <code>retention</code> in the configuration: nothing is ever removed.</p>`;
  const stops = plan.stopped.map(({ text }) => html`<p><b class="attention">Nothing is removed:</b> ${text}.</p>`);
  const more = plan.rows.length - ROWS_SHOWN;
  const others = more > 0 ? html` ${more} older ones are in <code>builder-dr prune --dry-run</code>.` : html``;
  if (plan.rows.length === 0) return html`<h2>Retention</h2>${stops}<p>No points yet.</p>`;
  return html`<h2>Retention</h2>${stops}<details><summary>What is kept, what goes, and why</summary><div class="scroll" tabindex="0" role="region" aria-label="Retention"><table>
<thead><tr><th scope="col">Point</th><th scope="col">State</th><th scope="col">Verdict</th><th scope="col">Why</th><th scope="col">Snapshot at the primary</th></tr></thead>
<tbody>${plan.rows.slice(0, ROWS_SHOWN).map(retentionRow)}</tbody></table></div></details>
<p class="soft">${plan.rows.filter((each) => each.verdict === 'remove').length} of ${plan.rows.length} points go with the next prune, unless an edit of the policy waits for its confirmation.${others}</p>`;
}
