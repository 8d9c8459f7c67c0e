import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { historyOf } from './engine/generate.ts';
import { kindOf, shrink } from './engine/shrink.ts';
import { historyText, logText, violationsText } from './engine/text.ts';
import type { SeedReport } from './engine/worker.ts';
import { knownReason } from './known.ts';
import { judgeOf } from './oracle/judge.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** What many seeds came to. */
class Tally {
  seeds = 0;
  calls = 0;
  messages = 0;
  readonly faults = new Map<string, number>();
  /** By the invariant and what was said: how often, and the first seed. */
  readonly violations = new Map<string, { count: number; seed: number; text: string }>();
  readonly broke: SeedReport[] = [];
  /** Of open defects, by their reasons. */
  readonly open = new Map<string, number>();

  readonly #except: ReadonlySet<string>;

  constructor(except: readonly string[]) {
    this.#except = new Set(except);
  }

  add(report: SeedReport): void {
    this.seeds += 1;
    this.calls += report.calls;
    this.messages += report.messages;
    for (const [kind, count] of report.faults) this.faults.set(kind, (this.faults.get(kind) ?? 0) + count);
    if (report.broke !== undefined) this.broke.push(report);
    for (const each of report.violations) {
      const reason = knownReason(each) ?? (this.#except.has(kindOf(each)) ? 'excepted' : undefined);
      if (reason !== undefined) {
        this.open.set(reason, (this.open.get(reason) ?? 0) + 1);
        continue;
      }
      const known = this.violations.get(kindOf(each));
      if (!known) say(`new: ${kindOf(each)}\n    seed ${report.seed}: ${violationsText({ violations: [each] })}`);
      const first =
        known && known.seed <= report.seed
          ? known
          : { seed: report.seed, text: violationsText({ violations: [each] }) };
      this.violations.set(kindOf(each), { ...first, count: (known?.count ?? 0) + 1 });
    }
  }

  tell(seconds: number): void {
    const mean = Math.round(this.calls / Math.max(1, this.seeds));
    say(`seeds ${this.seeds}, port calls ${this.calls}, ${mean} a seed, ${Math.round(this.calls / seconds)} a second`);
    const faults = [...this.faults].sort().map(([kind, count]) => `${kind} ${count}`);
    say(`faults: ${faults.join(', ')}`);
    for (const [kind, { count, seed, text }] of [...this.violations].sort(([, a], [, b]) => b.count - a.count)) {
      say(`${count} × ${kind}\n    first seed ${seed}: ${text}`);
    }
    for (const { seed, broke } of this.broke.slice(0, 5)) say(`seed ${seed} could not be played: ${broke}`);
    for (const [reason, count] of this.open) say(`${count} × known: ${reason}`);
    if (this.failed) say('FAILED');
    else say(this.open.size > 0 ? 'no violation but known ones' : 'no violation');
  }

  get failed(): boolean {
    return this.violations.size > 0 || this.broke.length > 0;
  }
}

/** Each thread asks for the next seed when it is done with one. */
async function playAll(tally: Tally, from: number, count: number, threads: number, stop: boolean): Promise<void> {
  let next = from;
  const thread = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(new URL('./engine/worker.ts', import.meta.url));
      const go = () => {
        if (next >= from + count || (stop && tally.failed))
          return void worker.terminate().then(() => resolve(), reject);
        worker.postMessage(next);
        next += 1;
      };
      worker.on('message', (report: SeedReport) => {
        tally.add(report);
        if (tally.seeds % 1_000 === 0) say(`… ${tally.seeds} seeds, ${tally.violations.size} kinds of violations`);
        go();
      });
      worker.on('error', reject);
      go();
    });
  await Promise.all(Array.from({ length: Math.min(threads, count) }, thread));
}

/** The smallest history that breaks the same, as a person reads it. */
async function shrinkSeed(seed: number, invariant: string | undefined): Promise<void> {
  const { play } = await import('./engine/play.ts');
  const options = { judge: judgeOf };
  const { violations } = await play(historyOf(seed), options);
  const first = violations.find((each) => invariant === undefined || kindOf(each).startsWith(invariant));
  if (!first) return say(`seed ${seed} breaks nothing`);
  const shrunk = await shrink(historyOf(seed), { invariant: first.invariant, said: kindOf(first) }, options);
  say(`${violationsText(shrunk.outcome)}\n\n${historyText(shrunk.history)}\n\n${logText(shrunk.outcome)}`);
  say(`\n${JSON.stringify(shrunk.history)}\n(${shrunk.plays} plays)`);
  return undefined;
}

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    threads: { type: 'string', default: String(availableParallelism()) },
    shrink: { type: 'string' },
    invariant: { type: 'string' },
    // At the first violation.
    stop: { type: 'boolean', default: false },
    // Kinds of violations that do not count, in a file that --kinds has written.
    except: { type: 'string' },
    kinds: { type: 'string' },
  },
});
if (values.shrink === undefined) {
  const began = performance.now();
  const tally = new Tally(values.except ? (JSON.parse(readFileSync(values.except, 'utf8')) as string[]) : []);
  await playAll(tally, Number(values.from), Number(values.seeds), Number(values.threads), values.stop);
  if (values.kinds) writeFileSync(values.kinds, JSON.stringify([...tally.violations.keys()]));
  tally.tell((performance.now() - began) / 1_000);
  process.exitCode = tally.failed ? 1 : 0;
} else await shrinkSeed(Number(values.shrink), values.invariant);
