import { type Action, type Fault, faultKinds, type History, type JobName } from './history.ts';
import { Random } from './random.ts';
import { beside, type Theme, themes } from './themes.ts';

const DAY_MS = 86_400_000;

/** Makes a history out of a seed. */
class Maker {
  readonly #random: Random;
  readonly actions: Action[] = [];
  /** How much goes wrong in this one. */
  readonly #faulty: number;
  readonly #skewed: boolean;

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.#faulty = this.#random.pick([0, 0.1, 0.3, 0.6]);
    this.#skewed = this.#random.chance(0.25);
  }

  make(): Action[] {
    for (let n = this.#random.between(3, 10); n > 0; n -= 1) this.#build('upload');
    for (let n = this.#random.between(1, 2); n > 0; n -= 1) this.#point();
    if (this.#random.chance(0.5)) this.#drill();
    for (let n = this.#random.between(5, 9); n > 0; n -= 1)
      this.#random.chance(0.25) ? this.#takeover() : this.#scene();
    return this.actions;
  }

  /** Nothing goes wrong, nobody comes in between: a point as it comes to be. */
  #point(): void {
    this.#clean('capture', 'reconcile', 'replicate', 'replicate', 'advance');
    this.#serve('snapshots');
    this.#clean('advance');
    this.#serve('copies');
    this.#clean('replicate', 'advance', 'reconcile', 'readiness');
    this.actions.push({ do: 'pass', minutes: 60 });
  }

  #drill(): void {
    this.#clean('drill', 'advance');
    for (const what of ['instances', 'instances'] as const) {
      this.#serve(what);
      this.#clean('advance', 'inspect', 'advance');
    }
    this.#serve('instances');
    this.#clean('advance');
  }

  #clean(...jobs: JobName[]): void {
    for (const job of jobs) {
      this.actions.push({ do: 'run', job, skewMs: 0, faults: [], pick: 0 }, { do: 'work', steps: 5_000, order: 1 });
    }
  }

  #scene(): void {
    const random = this.#random;
    const theme = random.weighted<Theme>([
      [4, 'ordinary'],
      [2, 'rehearsal'],
      [4, 'disaster'],
      [1, 'homecoming'],
      [2, 'housekeeping'],
    ]);
    if (random.chance(this.#faulty / 2)) this.#misfortune();
    for (let n = random.between(2, 5); n > 0; n -= 1) {
      for (let runs = random.between(1, 4); runs > 0; runs -= 1) {
        this.#run(random.weighted<JobName>(themes[theme]));
        if (random.chance(0.4)) this.#work(random.between(1, 40));
      }
      if (random.chance(0.5)) this.#deed();
      this.#work(random.chance(0.6) ? 5_000 : random.between(5, 80));
      if (random.chance(0.7)) this.#progress();
      if (theme === 'homecoming') this.#reverse();
      this.actions.push({ do: 'pass', minutes: random.pick([1, 1, 1, 2, 5, 15]) });
    }
    if (random.chance(0.5)) this.#recover();
    if (random.chance(0.25)) this.#point();
    this.actions.push({ do: 'pass', minutes: random.pick([1, 10, 45, 60, 60, 180]) });
  }

  /**
   * Somebody means it: a failover or a switchover is carried on until it has cut over, whatever goes wrong, and who would
   * call it off is rare. Most of what counts lies behind that.
   */
  #takeover(): void {
    const random = this.#random;
    if (random.chance(this.#faulty / 2)) this.#misfortune();
    const isLost = random.chance(0.4);
    if (isLost) this.actions.push({ do: 'site', site: 'primary', is: random.chance(0.7) ? 'dark' : 'hole' });
    this.#run(
      random.weighted<JobName>([
        [3, 'failover start'],
        [2, 'failover start unfenced'],
        [2, 'switchover start'],
      ]),
    );
    const takenOver = random.chance(this.#faulty / 2) ? random.between(1, 7) : undefined;
    for (let round = 0; round < 9; round += 1) {
      if (round === takenOver) this.#takeOut();
      this.#run('advance');
      for (const what of ['snapshots', 'copies', 'instances', 'fence'] as const)
        if (random.chance(0.9)) this.#serve(what);
      if (random.chance(0.5)) this.#run(random.weighted<JobName>(beside));
      if (random.chance(0.3)) this.#build('upload');
      this.#work(random.chance(0.8) ? 5_000 : random.between(5, 80));
      this.#run('inspect');
      this.#work(5_000);
      this.actions.push({ do: 'pass', minutes: random.pick([1, 1, 2, 5]) });
    }
    if (isLost) this.#recover();
    if (random.chance(0.5)) this.#home();
  }

  /** The record of the failover in hand cannot be read: somebody takes it out, and begins another one. */
  #takeOut(): void {
    this.actions.push({ do: 'damage', what: 'failover document', pick: 0 });
    this.#run('readiness');
    this.#work(5_000);
    this.#run('failover release');
    this.#work(this.#random.chance(0.7) ? 5_000 : this.#random.between(1, 40));
    this.#run(this.#random.chance(0.5) ? 'failover start' : 'failover start unfenced');
  }

  /** The other direction is set up, and goes home again. */
  #home(): void {
    const random = this.#random;
    for (const what of ['deploy', 'deploy', 'hand over', 'deploy', 'hand over', 'tear down'] as const) {
      if (random.chance(0.9)) this.#run('failback');
      this.#run('advance');
      if (random.chance(0.3)) this.#run(random.weighted<JobName>(beside));
      for (const served of ['snapshots', 'instances', 'fence'] as const) this.#serve(served);
      this.#work(random.chance(0.8) ? 5_000 : random.between(5, 80));
      if (random.chance(0.8)) this.actions.push({ do: 'reverse', what });
      this.actions.push({ do: 'pass', minutes: random.pick([1, 2, 5, 15]) });
    }
  }

  #run(job: JobName): void {
    const random = this.#random;
    const faults: Fault[] = [];
    while (random.chance(this.#faulty)) faults.push({ at: random.between(1, 30), kind: random.pick(faultKinds) });
    const skewMs =
      this.#skewed && random.chance(0.3) ? Math.floor((random.next() * 2 - 1) * DAY_MS) : random.between(-900, 900);
    this.actions.push({ do: 'run', job, skewMs, faults, pick: random.below(1_000) });
  }

  #work(steps: number): void {
    this.actions.push({ do: 'work', steps, order: this.#random.below(1_000_000) });
  }

  #build(what: Extract<Action, { do: 'builder' }>['what']): void {
    this.actions.push({ do: 'builder', what, pick: this.#random.below(1_000), variant: this.#random.below(3) });
  }

  #serve(what: Extract<Action, { do: 'aws' }>['what']): void {
    this.actions.push({ do: 'aws', what, pick: this.#random.below(1_000) });
  }

  /** What Builder's people do meanwhile. */
  #deed(): void {
    this.#build(
      this.#random.weighted([
        [6, 'upload'],
        [1, 'upload half'],
        [2, 'finish rows'],
        [3, 'delete'],
        [2, 're-upload'],
        [2, 'move'],
        [1, 'move some'],
        [this.#faulty, 'delete many'],
      ]),
    );
  }

  #reverse(): void {
    const what = this.#random.pick(['deploy', 'deploy', 'hand over', 'tear down'] as const);
    this.actions.push({ do: 'reverse', what });
  }

  /** What AWS has finished meanwhile. */
  #progress(): void {
    for (const what of ['snapshots', 'copies', 'instances', 'fence'] as const) {
      if (this.#random.chance(0.7)) this.#serve(what);
    }
    if (this.#random.chance(0.1)) this.#serve('copy moves');
  }

  #misfortune(): void {
    const random = this.#random;
    const kind = random.below(10);
    if (kind < 3) {
      const site = random.chance(0.7) ? 'primary' : 'dr';
      this.actions.push({ do: 'site', site, is: random.chance(0.7) ? 'dark' : 'hole' });
    } else if (kind < 7) {
      this.#serve(
        random.pick([
          'snapshot fails',
          'snapshot vanishes',
          'copy fails',
          'copy vanishes',
          'instance fails',
          'primary busy',
          'no capacity',
          'kms off',
          'events lost',
          'events twice',
        ]),
      );
    } else {
      const what = random.pick([
        'rot replica',
        'rot primary',
        'lose replica',
        'ransom primary',
        'ransom replica',
        'unreadable document',
        'newer document',
        'inventory cut',
      ] as const);
      this.actions.push({ do: 'damage', what, pick: random.below(1_000) });
    }
  }

  #recover(): void {
    for (const site of ['primary', 'dr'] as const) this.actions.push({ do: 'site', site, is: 'up' });
    for (const what of ['capacity', 'kms on', 'primary free', 'events once'] as const) this.#serve(what);
  }
}

export function historyOf(seed: number): History {
  return { seed, actions: new Maker(seed).make() };
}
