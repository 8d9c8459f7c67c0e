import { DeleteDBSnapshotCommand } from '@aws-sdk/client-rds';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import pg from 'pg';
import { deletePackage, type SeededPackage } from '../../sandbox/seed/packages.ts';
import type { Sandbox } from '../../sandbox/start.ts';
import { advance } from '../../src/jobs/advance.ts';
import { mergeVerifications } from '../../src/jobs/artifacts/merge-verifications.ts';
import { reconcile } from '../../src/jobs/artifacts/reconcile.ts';
import { capture } from '../../src/jobs/points/capture.ts';
import { readiness } from '../../src/jobs/readiness.ts';
import { abortFailover } from '../../src/jobs/recovery/call-off.ts';
import { planFailover, startFailover } from '../../src/jobs/recovery/failover.ts';
import { RecoveryWorld } from '../setup/recovery-world.ts';
import { knownReason } from '../simulation/known.ts';
import type { Violation } from '../simulation/truth.ts';
import { historyOf, type Step } from './history.ts';
import { Parts } from './parts.ts';

/**
 * By then everything has come to an end, or something hangs: the longest wait is the minute in which a reboot that RDS did not
 * show must have been over. By time, as that is: a fast machine makes more passes of it.
 */
const PATIENCE_MS = 240_000;
/** How long each state of RDS lasts: longer than a pass takes, so that a reboot is seen. */
export const RDS_STATE_MS = 500;
/** Where a failover goes no further by itself. */
export const ended = /^(done|blocked|failed|aborted)$/;

/** `state`: of the last failover; `threw`: what runs ended with, by job and code. */
export type Outcome = {
  seed: number;
  violations: Violation[];
  calls: number;
  runs: number;
  threw: string[];
  state: string | undefined;
};

/** One history over real PostgreSQL, S3 and RDS's server, judged as the simulation's are. */
class History {
  readonly parts: Parts;
  passes = 0;
  readonly #packages: SeededPackage[];
  readonly #db: pg.Pool;

  constructor(world: RecoveryWorld) {
    this.parts = new Parts(world);
    this.#packages = [...world.builder.packages];
    this.#db = new pg.Pool({ ...world.login, database: 'builder', max: 1 });
    this.#db.on('error', () => undefined);
  }

  get #world() {
    return this.parts.world.world;
  }

  get #policy() {
    return this.#world.policy;
  }

  close(): Promise<void> {
    return this.#db.end();
  }

  async step({ do: name, pick }: Step): Promise<void> {
    const chosen = pick % Math.max(this.#packages.length, 1);
    if (name === 'upload') await this.#built(await this.parts.world.builder.publish());
    else if (name === 're-upload') await this.#reUpload(chosen);
    else if (name === 'delete') await this.#delete(chosen);
    else if (name.endsWith('replica')) await this.#harm(name, chosen);
    else if (name === 'lose snapshot') await this.#loseSnapshot();
    else if (name === 'protect') await this.#protect();
    else if (name.endsWith('failover')) await this.#failover(name === 'planned failover');
    else await this.#job(name);
  }

  async #built(made: SeededPackage): Promise<void> {
    this.#packages.push(made);
    this.parts.mirror.names(made.key, made.checksum);
    await this.parts.mirror.look('world', 'buckets');
    await this.parts.mirror.readRows();
    this.parts.see({ what: 'builder-wrote', by: 'world', site: 'primary', key: made.key });
  }

  async #reUpload(chosen: number): Promise<void> {
    const [old] = this.#packages.splice(chosen, 1);
    if (old) await this.#built(await this.parts.world.builder.publishAnew(old));
  }

  async #delete(chosen: number): Promise<void> {
    const [old] = this.#packages.splice(chosen, 1);
    if (!old) return;
    const { s3, config } = this.#world;
    await deletePackage({ s3, bucket: config.primary.bucket, db: this.#db }, old.ident);
    await this.parts.mirror.look('world', 'buckets');
    await this.parts.mirror.readRows();
  }

  /** Behind the product's back. */
  async #harm(name: string, chosen: number): Promise<void> {
    const at = { Bucket: this.#world.config.dr.replicaBucket, Key: this.#packages[chosen]?.key };
    if (!at.Key) return;
    if (name.startsWith('lose')) await this.#world.drS3.send(new DeleteObjectCommand(at));
    else await this.#world.drS3.send(new PutObjectCommand({ ...at, Body: 'not a package' }));
    await this.parts.mirror.look('world', 'buckets');
  }

  async #loseSnapshot(): Promise<void> {
    const newest = [...this.parts.mirror.snapshotsAt.primary.values()].findLast((each) => each.status === 'available');
    if (!newest) return;
    await this.#world.rds.send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: newest.name }));
    await this.parts.mirror.look('world', 'snapshots');
  }

  async #job(name: string): Promise<unknown> {
    const { parts } = this;
    if (name === 'capture') return this.#capture();
    if (name === 'advance') return parts.run('advance', undefined, (ports) => advance(ports, this.#policy));
    if (name === 'replicate') return parts.run('replicate', undefined, (ports) => this.#world.drain(ports));
    if (name === 'readiness') return parts.run('readiness', undefined, (ports) => readiness(ports, this.#policy));
    if (name === 'abort') return parts.run('abort', undefined, (ports) => abortFailover(ports, this.#policy));
    return parts.run('reconcile', undefined, async (ports) => {
      await mergeVerifications(ports);
      return reconcile(ports, this.#policy);
    });
  }

  #capture() {
    return this.parts.run('capture', undefined, (ports) =>
      capture(ports, this.#policy, { kind: 'manual', at: new Date() }),
    );
  }

  async #passes(isOver: () => boolean): Promise<number> {
    let passes = 0;
    for (const until = Date.now() + PATIENCE_MS; Date.now() < until && !isOver(); passes += 1) {
      await this.#job('advance');
      await this.#job('replicate');
    }
    return passes;
  }

  /** Somebody looks once more, and then it is judged as what it came to. */
  async comeToRest(): Promise<void> {
    await this.#job('readiness');
    await this.parts.mirror.look('world', 'buckets', 'vault', 'snapshots', 'instances', 'writers');
    this.parts.atRest(this.passes);
  }

  #documents(prefix: string): { id: string; state: string }[] {
    const { documents } = this.parts.mirror;
    const keys = [...documents.keys()].filter((key) => key.startsWith(prefix) && key.split('/').length === 2).sort();
    return keys.map(
      (key) => JSON.parse(Buffer.from(documents.get(key) ?? '').toString()) as { id: string; state: string },
    );
  }

  async #protect(): Promise<void> {
    await this.#job('reconcile');
    await this.#job('replicate');
    await this.#capture();
    await this.#passes(() =>
      this.#documents('points/').every(({ state }) => !/^(capturing|captured|listing)/.test(state)),
    );
    await this.#job('reconcile');
  }

  async #failover(planned: boolean): Promise<void> {
    const { world } = this.parts;
    const plan = await planFailover(world.ports, this.#policy, { point: 'latest', planned });
    const request = {
      point: 'latest',
      confirm: plan.confirm ?? '',
      planned,
      acceptUnfenced: false,
      acceptFindings: false,
    };
    await this.parts.run('failover-start', request, (ports) => startFailover(ports, this.#policy, request));
    this.passes += await this.#passes(() => ended.test(this.state ?? 'done'));
  }

  get state(): string | undefined {
    return this.#documents('failovers/').at(-1)?.state;
  }
}

/** Plays the history of a seed to its end. */
export async function playOverParts(sandbox: Sandbox, seed: number): Promise<Outcome> {
  const world = await RecoveryWorld.create(sandbox, `history${seed}`, 4);
  const history = new History(world);
  try {
    await history.parts.begin();
    for (const step of historyOf(seed)) await history.step(step);
    await history.comeToRest();
    const { violations, calls, runs, threw } = history.parts;
    const unknown = violations.filter((each) => knownReason(each) === undefined);
    return { seed, violations: unknown, calls, runs: runs.size, threw, state: history.state };
  } finally {
    await history.close();
    await world.builder.close();
  }
}
