import { describe, expect, it } from 'vitest';
import { retentionPlan } from '../../src/core/points/retention.ts';
import { type PageFacts, statusPage } from '../../src/core/status-page/page.ts';
import { spoken } from '../../src/core/status-page/plots.ts';
import { badFacts, emptyFacts } from '../setup/page-facts.ts';
import { pointOf, quiet, retention } from '../setup/retention.ts';

describe('the status page', () => {
  it('says what is, what to do about each finding, and what to type next', () => {
    const page = statusPage(badFacts());
    for (const words of ['NOT READY', 'ARTIFACT_MISSING', 'What to do:', 'builder-dr reconcile', '98.7 % verified']) {
      expect(page).toContain(words);
    }
    expect(page).toMatch(/<pre class="next"><code>builder-dr reconcile --config config\/prod.yml<\/code>/);
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

describe('the retention on the status page', () => {
  const at = new Date('2026-11-25T10:20:00Z');
  const hoursBefore = (hours: number) => new Date(at.getTime() - hours * 3_600_000).toISOString();
  const pageOf = (facts: Parameters<typeof retentionPlan>[0], policy = retention({ last: 1 })): string =>
    statusPage({ ...emptyFacts(), retention: retentionPlan(facts, policy, at) } satisfies PageFacts);
  const points = (count: number) => Array.from({ length: count }, (_, n) => pointOf(hoursBefore(n + 1)));

  it('says that nothing is ever removed where no policy is configured', () => {
    expect(statusPage(emptyFacts())).toContain('nothing is ever removed');
  });

  it('says of each point whether it stays or goes, and why', () => {
    const [newest, older] = points(2);
    const page = pageOf(quiet([newest, older].flatMap((each) => each ?? [])));
    expect(page).toMatch(new RegExp(`<code>${newest?.id}</code></td><td>protected</td><td>keep</td><td>[^<]+</td>`));
    expect(page).toMatch(
      new RegExp(
        `<code>${older?.id}</code></td><td>protected</td><td><b class="attention">remove</b></td><td>[^<]+</td>`,
      ),
    );
    expect(page).toContain('1 of 2 points go with the next prune');
    expect(page).not.toContain('Nothing is removed:');
  });

  it('says why nothing goes while something stops it', () => {
    const page = pageOf(quiet(points(2), { primarySilent: 'no answer <at all>' }));
    expect(page).toContain('Nothing is removed:');
    expect(page).toContain('the primary does not answer: no answer &lt;at all&gt;');
    expect(page).toContain('0 of 2 points go');
  });

  it('says that there are no points yet', () => {
    const page = pageOf(quiet([]));
    expect(page).toContain('No points yet.');
    expect(page).not.toContain('Verdict');
  });

  it('shows so many points and says where the others are', () => {
    const rows = (page: string) => page.match(/<td class="nowrap"><code>/g)?.length;
    const [few, many] = [pageOf(quiet(points(150))), pageOf(quiet(points(163)))];
    expect(few).not.toContain('older ones are in');
    expect(many).toContain('13 older ones are in <code>builder-dr prune --dry-run</code>');
    expect((rows(many) ?? 0) - (rows(few) ?? 0)).toBe(0);
    expect(many).toContain('162 of 163 points go');
  });
});
