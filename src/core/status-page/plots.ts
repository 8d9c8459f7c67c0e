import type { Reading } from '../readiness/history.ts';
import { type Html, html } from './html.ts';

const WIDTH = 440;
const LEFT = 56;
const RIGHT = 12;

/** Minutes as a person says them. */
export function spoken(minutes: number): string {
  if (minutes < 1) return `${Math.round(minutes * 60)} s`;
  if (minutes < 120) return `${Number(minutes.toFixed(minutes < 10 ? 1 : 0))} min`;
  return minutes < 48 * 60 ? `${Number((minutes / 60).toFixed(1))} h` : `${Number((minutes / 1440).toFixed(1))} days`;
}

const round = (value: number) => Math.round(value * 10) / 10;

/** Runs of readings that have a number: where there was no point to restore the line is interrupted. */
function segments(readings: Reading[]): Reading[][] {
  const found: Reading[][] = [[]];
  for (const each of readings) {
    if (each.rpoMinutes === null) found.push([]);
    else found.at(-1)?.push(each);
  }
  return found.filter((each) => each.length > 0);
}

/** RPO over time against its target. */
export function rpoPlot(readings: Reading[], targetMinutes: number): Html {
  const [height, top, bottom] = [190, 14, 30];
  const times = readings.map((each) => new Date(each.at).getTime());
  const [from = 0, to = 0] = [times[0], times.at(-1)];
  const highest = Math.max(targetMinutes * 1.25, ...readings.map((each) => each.rpoMinutes ?? 0));
  const x = (at: number) => round(LEFT + ((at - from) / Math.max(1, to - from)) * (WIDTH - LEFT - RIGHT));
  const y = (minutes: number) => round(height - bottom - (minutes / highest) * (height - top - bottom));
  const place = (each: Reading) => ({ cx: x(new Date(each.at).getTime()), cy: y(each.rpoMinutes ?? 0) });
  const lines = segments(readings).map((run) => {
    const places = run.map(place);
    const [only, another] = places;
    return only && !another
      ? html`<circle class="dot" r="3.5" cx="${only.cx}" cy="${only.cy}"/>`
      : html`<polyline class="rpo" points="${places.map(({ cx, cy }) => `${cx},${cy}`).join(' ')}"/>`;
  });
  const worst = Math.max(...readings.map((each) => each.rpoMinutes ?? 0));
  const label = (at: number) => `${new Date(at).toISOString().slice(5, 16).replace('T', ' ')}`;
  const told = `RPO between ${label(from)} and ${label(to)} UTC: at most ${spoken(worst)}, target ${spoken(targetMinutes)}`;
  return html`<figure><svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${told}">
<line class="axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(0)}" y2="${y(0)}"/>
<text x="${LEFT - 6}" y="${y(0) + 4}" text-anchor="end">0</text>
<text x="${LEFT - 6}" y="${y(targetMinutes) + 4}" text-anchor="end">${spoken(targetMinutes)}</text>
<line class="target" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(targetMinutes)}" y2="${y(targetMinutes)}"/>
${lines}
<text x="${LEFT}" y="${height - 8}">${label(from)}</text>
<text x="${WIDTH - RIGHT}" y="${height - 8}" text-anchor="end">${to > from ? `${label(to)} UTC` : ''}</text>
</svg><figcaption class="soft">${told}. Dashed: the target.${readings.some((each) => each.rpoMinutes === null) && ' Gaps: no point to restore.'}</figcaption></figure>`;
}

export type Bar = { name: string; parts: { name: string; value: number }[]; total: string };

/** Bars of several parts, one above the other, to one scale. */
export function stackedBars(bars: Bar[], about: string): Html {
  const names = [...new Set(bars.flatMap((bar) => bar.parts.map((part) => part.name)))];
  const most = Math.max(1e-9, ...bars.map((bar) => bar.parts.reduce((sum, part) => sum + part.value, 0)));
  const [row, label] = [44, 18];
  const drawn = bars.map((bar, index) => {
    let x = 0;
    const rects = bar.parts.map((part) => {
      const width = (part.value / most) * WIDTH;
      const rect = html`<rect class="p${names.indexOf(part.name) % 6}" x="${round(x)}" y="${index * row + label}" width="${round(width)}" height="18"/>`;
      x += width;
      return rect;
    });
    return html`<text x="0" y="${index * row + 13}">${bar.name}</text><text x="${WIDTH}" y="${index * row + 13}" text-anchor="end">${bar.total}</text>${rects}`;
  });
  const legend = names.map((name, index) => html`<li><i class="p${index % 6}"></i>${name}</li>`);
  return html`<figure><svg viewBox="0 0 ${WIDTH} ${bars.length * row}" role="img" aria-label="${about}">${drawn}</svg>
<figcaption><ul class="legend">${legend}</ul></figcaption></figure>`;
}
