import { createHash } from 'node:crypto';
import { DrError } from '../../../src/errors.ts';
import type { Met } from '../truth.ts';
import { describe, faultErrors, keyed, nameOf, siteOf } from './calls.ts';
import type { Fault, FaultKind } from './history.ts';
import type { Random } from './random.ts';

type Call = {
  run: SimRun;
  n: number;
  name: string;
  args: readonly unknown[];
  perform: () => unknown;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
  /** Its effect has happened, and its answer comes after so many other steps. */
  late?: { steps: number; answer: () => void };
};

export type SimRun = {
  id: number;
  job: string;
  skewMs: number;
  faults: Fault[];
  calls: number;
  waiting: Call[];
  beganAt: number;
  /** A function ends by its own time-out; what a person runs does not. */
  limitMs: number;
  /** Every failure that its calls ended with. */
  met: Met[];
  end: undefined | Ended;
  ended: (end: Ended, run: SimRun) => void;
};
type Ended = { state: 'done'; value: unknown } | { state: 'failed'; error: unknown } | { state: 'killed' };

/** Who watches: does each call in the name of its run, and hears what it gave. */
export type Watch = {
  act: <T>(run: SimRun, work: () => T) => T;
  gave: (run: SimRun, call: string, args: readonly unknown[]) => void;
  /** The last page of a listing that began then. */
  listed: (run: SimRun, call: string, since: number) => void;
};

/** One line of what happened. */
export type Step = { n: number; at: number; run: number; job: string; call: string; outcome: string };

const TIMEOUT_MS = 8_000;
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

const LATE_STEPS = 8;
/** Lets several runs go on, one call of a port at a time, and decides what becomes of each call. */
export class Scheduler {
  readonly runs: SimRun[] = [];
  readonly log: Step[] = [];
  readonly faults = new Map<string, number>();
  #steps = 0;
  #serial = 0;
  readonly #hash = createHash('sha256');
  /** Sites that do not answer; `hole` where calls still have their effect. */
  readonly dark = new Map<'primary' | 'dr', 'dark' | 'hole'>();
  readonly #clock: { now: number };
  readonly #keepLog: boolean;
  readonly #watch: Watch;
  /** What happens with each step. */
  onStep: () => void = () => undefined;

  constructor(clock: { now: number }, watch: Watch, keepLog = false) {
    this.#clock = clock;
    this.#watch = watch;
    this.#keepLog = keepLog;
  }

  get steps(): number {
    return this.#steps;
  }

  digest(): string {
    return this.#hash.copy().digest('hex').slice(0, 32);
  }

  /** Begins a run over ports of its own. */
  begin(
    asked: Pick<SimRun, 'job' | 'skewMs' | 'faults' | 'limitMs' | 'ended'>,
    work: (run: SimRun) => Promise<unknown>,
    began: (run: SimRun) => void = () => undefined,
  ): SimRun {
    this.#serial += 1;
    const run: SimRun = {
      ...asked,
      faults: [...asked.faults],
      id: this.#serial,
      calls: 0,
      waiting: [],
      met: [],
      beganAt: this.#clock.now,
      end: undefined,
    };
    this.runs.push(run);
    began(run);
    work(run).then(
      (value) => this.#over(run, { state: 'done', value }),
      (error: unknown) => this.#over(run, { state: 'failed', error }),
    );
    return run;
  }

  #over(run: SimRun, end: NonNullable<SimRun['end']>): void {
    if (run.end) return;
    run.end = end;
    run.waiting = [];
    this.runs.splice(this.runs.indexOf(run), 1);
    this.note(run, 'end', end.state === 'failed' ? `failed ${describe(end.error)}` : end.state);
    run.ended(end, run);
  }

  kill(run: SimRun): void {
    this.#over(run, { state: 'killed' });
  }

  note(run: Pick<SimRun, 'id' | 'job'>, call: string, outcome: string): void {
    const step: Step = { n: this.#steps, at: this.#clock.now, run: run.id, job: run.job, call, outcome };
    this.#hash.update(`${step.n} ${step.at} ${step.run} ${step.job} ${step.call} ${step.outcome}\n`);
    if (this.#keepLog) this.log.push(step);
  }

  /** A port whose every call waits for its turn. */
  gated<T extends object>(run: SimRun, name: string, port: T): T {
    return new Proxy(port, {
      get: (target, method) => {
        const value = Reflect.get(target, method) as unknown;
        if (typeof value !== 'function') {
          return typeof value === 'object' && value !== null && method === 'dns'
            ? this.gated(run, `${name}.dns`, value)
            : value;
        }
        const call = `${name}.${String(method)}`;
        const perform = (args: unknown[]) => (value as (...all: unknown[]) => unknown).apply(target, args);
        if (method === 'pages') return (...args: unknown[]) => this.#paged(run, call, args, perform);
        return (...args: unknown[]) => this.#ask(run, call, args, () => perform(args));
      },
    });
  }

  async *#paged(run: SimRun, call: string, args: unknown[], perform: (args: unknown[]) => unknown) {
    const pages = perform(args) as AsyncIterator<unknown>;
    const since = this.#clock.now;
    while (true) {
      const next = (await this.#ask(run, call, args, () => pages.next())) as IteratorResult<unknown>;
      if (next.done && args[0] === undefined) this.#watch.listed(run, call, since);
      if (next.done) return;
      yield next.value;
    }
  }

  #ask(run: SimRun, name: string, args: readonly unknown[], perform: () => unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (run.end) return;
      run.calls += 1;
      run.waiting.push({ run, n: run.calls, name, args, perform, resolve, reject });
    });
  }

  /** Whether anybody waits for a turn. */
  get busy(): boolean {
    return this.runs.length > 0;
  }

  /** Everything that can go on without a call has gone on. */
  async settle(): Promise<void> {
    for (let n = 0; n < 200; n += 1) {
      await turn();
      if (this.runs.every((run) => run.waiting.length > 0)) return;
    }
    const stuck = this.runs.filter((run) => run.waiting.length === 0).map((run) => `${run.job} ${run.id}`);
    throw new Error(`waits for something that is no call of a port: ${stuck.join(', ')}`);
  }

  /** So many steps at most; answers whether anybody still waits. */
  async work(steps: number, random: Random): Promise<boolean> {
    await this.settle();
    let favourite: SimRun | undefined;
    for (let n = 0; n < steps && this.busy; n += 1) {
      // Stretches of one run, so that others see it far ahead, and turns by turns.
      if (!favourite || favourite.end || random.chance(0.3)) favourite = random.pick(this.runs);
      const ready = favourite.waiting.filter((call) => !call.late || call.late.steps <= 0);
      const call = random.pick(ready.length > 0 ? ready : favourite.waiting);
      await this.#step(call, random);
    }
    return this.busy;
  }

  async #step(call: Call, random: Random): Promise<void> {
    const { run } = call;
    this.#steps += 1;
    for (const each of this.runs) for (const { late } of each.waiting) if (late) late.steps -= 1;
    this.#clock.now += random.between(20, 200);
    run.waiting.splice(run.waiting.indexOf(call), 1);
    if (call.late) {
      this.note(run, call.name, 'answered late');
      call.late.answer();
    } else if (this.#clock.now - run.beganAt > run.limitMs) {
      this.#count('time over');
      this.kill(run);
    } else this.#decide(call);
    await this.settle();
    this.onStep();
  }

  #count(kind: string): void {
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1);
  }

  #decide(call: Call): void {
    const { run, name, args } = call;
    const site = siteOf(name, args);
    const dark = this.dark.get(site);
    const fault = run.faults.find((each) => each.at === call.n)?.kind;
    if (dark) this.#silence(call, dark, site);
    else if (fault) this.#spoil(call, fault, site);
    else this.#perform(call, 'ok', (give) => give());
  }

  #silence(call: Call, how: 'dark' | 'hole', site: 'primary' | 'dr'): void {
    this.#count(`${how} ${site}`);
    this.#clock.now += TIMEOUT_MS;
    const silent = new DrError('SITE_UNREACHABLE', `${call.name}: TimeoutError`, { site });
    if (how === 'dark') this.#refuse(call, silent);
    else this.#perform(call, how, () => this.#lose(call, silent));
  }

  #spoil(call: Call, fault: FaultKind, site: 'primary' | 'dr'): void {
    this.#count(fault);
    if (fault === 'kill') this.kill(call.run);
    else if (fault === 'kill after') this.#perform(call, fault, () => this.kill(call.run));
    else if (fault === 'slow') this.#perform(call, fault, (give) => this.#late(call, give));
    else {
      const error = faultErrors[fault](call.name, site);
      if (fault === 'before') this.#clock.now += TIMEOUT_MS;
      if (fault === 'lost') this.#perform(call, fault, () => this.#lose(call, error));
      else this.#refuse(call, error);
    }
  }

  #refuse(call: Call, error: unknown): void {
    this.note(call.run, keyed(call.name, call.args), describe(error));
    this.#met(call, error, false);
    call.reject(error);
  }

  #met({ run, name, args }: Call, error: unknown, done: boolean): void {
    const [port = '', method = ''] = name.split('.');
    const code = error instanceof DrError ? error.code : 'OTHER';
    const message = error instanceof Error ? error.message : String(error);
    run.met.push({ port, method, subject: nameOf(args[0]), code, message, done, mended: false });
  }

  #mend({ run, name, args }: Call): void {
    const subject = nameOf(args[0]);
    for (const each of run.met) {
      if (`${each.port}.${each.method}` === name && each.subject === subject) each.mended = true;
    }
  }

  #lose(call: Call, error: unknown): void {
    this.#met(call, error, true);
    call.reject(error);
  }

  /** The effect is there, the answer comes after others have gone on. */
  #late(call: Call, answer: () => void): void {
    if (call.run.end) return;
    call.late = { steps: LATE_STEPS, answer };
    call.run.waiting.push(call);
  }

  /** Makes the call; `then`: what becomes of its answer. */
  #perform(call: Call, how: string, then: (give: () => void) => void): void {
    const answer = (give: () => void, outcome: string) => {
      this.note(call.run, keyed(call.name, call.args), how === 'ok' ? outcome : `${how}, ${outcome}`);
      then(give);
    };
    const refused = (error: unknown) => {
      this.#met(call, error, false);
      answer(() => call.reject(error), describe(error));
    };
    const given = (value: unknown) => {
      if (call.run.met.length > 0) this.#mend(call);
      this.#watch.gave(call.run, call.name, call.args);
      answer(() => call.resolve(value), 'ok');
    };
    try {
      Promise.resolve(this.#watch.act(call.run, call.perform)).then(given, refused);
    } catch (error) {
      refused(error);
    }
  }
}
