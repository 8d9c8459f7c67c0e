import { describe, expect, it } from 'vitest';
import { statusPage } from '../../src/core/status-page/page.ts';
import { spoken } from '../../src/core/status-page/plots.ts';
import { badFacts, emptyFacts } from '../setup/page-facts.ts';

describe('the status page', () => {
  it('says what is, what to do about each finding, and what to type next', () => {
    const page = statusPage(badFacts());
    for (const words of ['NOT READY', 'ARTIFACT_MISSING', 'What to do:', 'builder-dr reconcile', '98.7 % verified']) {
      expect(page).toContain(words);
    }
    expect(page).toMatch(/<pre class="next"><code>builder-dr reconcile<\/code>/);
  });

  it('takes nothing that was found for markup', () => {
    const page = statusPage(badFacts());
    expect(page).not.toContain('<script>document');
    expect(page).toContain('&lt;script&gt;document');
  });

  it('refers to nothing outside of itself', () => {
    const page = statusPage(badFacts());
    expect(page.match(/(?:src|href)="(?!data:,)[^"]*"|url\(|@import|https?:\/\//g)).toBeNull();
  });

  it('interrupts the line of the RPO where there was no point to restore', () => {
    const lines = (page: string) => page.match(/<polyline class="rpo"/g)?.length;
    const facts = badFacts();
    expect(lines(statusPage(facts))).toBe(2);
    const whole = facts.readings.filter((each) => each.rpoMinutes !== null);
    expect(lines(statusPage({ ...facts, readings: whole }))).toBe(1);
  });

  it('is whole when there is nothing to show yet', () => {
    const page = statusPage(emptyFacts());
    expect(page).toContain('No reading yet');
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('has no number that is none', () => {
    const { readings, ...facts } = badFacts();
    for (const some of [readings, readings.slice(0, 1), readings.slice(155, 158)]) {
      expect(statusPage({ ...facts, readings: some })).not.toMatch(/NaN|Infinity|undefined/);
    }
  });

  it.each<[number, string]>([
    [0.5, '30 s'],
    [9.54, '9.5 min'],
    [60, '60 min'],
    [150, '2.5 h'],
    [4_000, '2.8 days'],
  ])('says %d minutes as a person does', (minutes, said) => {
    expect(spoken(minutes)).toBe(said);
  });
});
