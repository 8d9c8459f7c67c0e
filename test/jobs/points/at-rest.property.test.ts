import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Point } from '../../../src/core/points/documents.ts';
import { isInFlight } from '../../../src/core/points/point.ts';
import { DrError } from '../../../src/errors.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { replicateBatch } from '../../../src/jobs/artifacts/replicate-batch.ts';
import { escrowKeys } from '../../../src/jobs/keys/escrow.ts';
import { acceptPoint } from '../../../src/jobs/points/accept.ts';
import { capture } from '../../../src/jobs/points/capture.ts';
import { readiness } from '../../../src/jobs/readiness.ts';
import { readPoints } from '../../../src/jobs/vault/points.ts';
import { dyingPorts } from '../../setup/dying.ts';
import { keyFile, newWorld } from '../../setup/memory-cycle.ts';
import { testPolicy } from '../../setup/policy.ts';
import type { MemoryPorts } from '../../world/ports.ts';

/** `HISTORIES=10000 npm test -- test/jobs/points/at-rest.property.test.ts` for the long run. */
const numRuns = Number(process.env['HISTORIES'] ?? 200);

/** Artifacts that a world begins with; a history uploads some more. */
const ARTIFACTS = 12;
/** What is promised once faults have ended: passes of a minute, and messages for each artifact that there ever was. */
const PASSES = 75;
const MESSAGES_AN_ARTIFACT = 3;
/** And when they never end: passes of five minutes, and messages for each artifact that cannot be copied and each point that waits for it. */
const PASSES_IN_TROUBLE = 3 * 24 * 12;
const MESSAGES_IN_TROUBLE = 40;

const never = new Promise<void>(() => undefined);

const codes = ['QUOTA_EXCEEDED', 'KMS_UNUSABLE', 'NOT_FOUND', 'THROTTLED', 'REMOTE_FAILED'] as const;
const does = [
  'capture by hand',
  'capture by schedule',
  'upload',
  'upload other bytes',
  'delete',
  'delete many',
  'seal',
  'break copies of',
  'vanish snapshots',
  'fail snapshots',
  'vanish copies',
  'fail copies',
  'refuse copies',
  'hide what is new',
  'darken',
  'lighten',
  'lose the key',
  'escrow the key',
  'accept',
  'finish the database',
  'advance',
  'pass',
  'pass many times',
  'advance and die',
  'work off',
  'work off and die',
  'lose the messages',
  'wait',
] as const;
const step = fc.record({
  does: fc.constantFrom(...does),
  n: fc.nat(ARTIFACTS + 3),
  at: fc.integer({ min: 1, max: 40 }),
});
type Step = { does: (typeof does)[number]; n: number; at: number };

/** A world, and what goes wrong in it. */
class World {
  readonly #clock;
  readonly ports: MemoryPorts;
  readonly broken = new Set<string>();
  messages = 0;

  private constructor() {
    const { clock, ports } = newWorld(ARTIFACTS);
    this.#clock = clock;
    this.ports = ports;
    const { copyFrom } = ports.replica;
    ports.replica.copyFrom = async (source, progress) => {
      if (this.broken.has(source.entry.key)) throw new DrError('REMOTE_FAILED', `copy ${source.entry.key}: 500`);
      return copyFrom(source, progress);
    };
    const { send } = ports.queue;
    ports.queue.send = async (messages) => {
      this.messages += messages.length;
      await send(messages);
    };
  }

  static async begun(): Promise<World> {
    const world = new World();
    await escrowKeys(world.ports, [keyFile]);
    return world;
  }

  async points(): Promise<Point[]> {
    return (await readPoints(this.ports.vault)).points;
  }

  finishDatabase(): void {
    this.ports.database.finish('snapshots');
    this.ports.database.finish('held');
  }

  /** As the queue does it; what fails is lost, for the dead-letter queue is nobody's friend. */
  async workOff(ports: MemoryPorts = this.ports): Promise<void> {
    const works = this.ports.queue.messages.splice(0).map(({ key }) => ({ key }));
    for (let n = 0; n < works.length; n += 10) await replicateBatch(ports, works.slice(n, n + 10), never);
  }

  async pass(minutes: number): Promise<void> {
    this.#clock.passMinutes(minutes);
    await advance(this.ports, testPolicy).catch(() => undefined);
    this.finishDatabase();
    await this.workOff();
  }

  /** Faults end: all that waits can go on. What is deleted stays so, what is accepted by nobody stays suspect. */
  async mend(): Promise<void> {
    this.broken.clear();
    this.ports.database.refuse.copy = undefined;
    this.ports.database.unseenLooks = 0;
    this.ports.database.dark = false;
    await escrowKeys(this.ports, [keyFile]);
  }

  async act({ does, n, at }: Step): Promise<void> {
    const { ports } = this;
    const { database, primaryArtifacts, vault } = ports;
    const key = `core/p${n}.hart`;
    const request = { at: this.#clock.read() };
    switch (does) {
      case 'capture by hand':
        return void (await capture(ports, testPolicy, { ...request, kind: 'manual' }));
      case 'capture by schedule':
        return void (await capture(ports, testPolicy, { ...request, kind: 'scheduled' }));
      case 'upload':
        return primaryArtifacts.plant(key, Buffer.from(`package ${n}`));
      case 'upload other bytes':
        return primaryArtifacts.plant(key, Buffer.from(`other package ${n}, ${at}`));
      case 'delete':
        return primaryArtifacts.lose(key);
      case 'delete many':
        for (let other = 0; other < n; other += 1) primaryArtifacts.lose(`core/p${other}.hart`);
        return;
      case 'seal':
        return primaryArtifacts.seal(key, at % 2 === 0 ? 'archived' : 'own key');
      case 'break copies of':
        return void this.broken.add(key);
      case 'vanish snapshots':
        return database.snapshots.clear();
      case 'fail snapshots':
        for (const each of database.snapshots.values()) if (each.status === 'creating') each.status = 'failed';
        return;
      case 'vanish copies':
        for (const [name, each] of database.held) if (each.status === 'creating') database.held.delete(name);
        return;
      case 'fail copies':
        for (const each of database.held.values()) if (each.status === 'creating') each.status = 'failed';
        return;
      case 'refuse copies':
        database.refuse.copy = new DrError(codes[n % codes.length] ?? 'THROTTLED', 'not now');
        return;
      case 'hide what is new':
        database.unseenLooks = n;
        return;
      case 'darken':
      case 'lighten':
        database.dark = does === 'darken';
        return;
      case 'lose the key':
        for (const { key: name } of await vault.list('keys/escrow/')) await vault.remove(name);
        return;
      case 'escrow the key':
        return void (await escrowKeys(ports, [keyFile]));
      case 'accept': {
        const suspect = (await this.points()).find(({ state }) => state === 'suspect');
        return void (suspect && (await acceptPoint(ports, suspect.id)));
      }
      case 'finish the database':
        return this.finishDatabase();
      case 'advance':
        return void (await advance(ports, testPolicy));
      case 'pass':
        return this.pass(1);
      case 'pass many times':
        for (let pass = 0; pass < 15; pass += 1) await this.pass(1);
        return;
      case 'advance and die':
        return void (await advance(dyingPorts(ports, at, n % 2 === 0 ? 'before' : 'after'), testPolicy));
      case 'work off':
        return this.workOff();
      case 'work off and die':
        return this.workOff(dyingPorts(ports, at, n % 2 === 0 ? 'before' : 'after'));
      case 'lose the messages':
        return void ports.queue.messages.splice(0);
      case 'wait':
        return this.#clock.passMinutes(n * 10);
    }
  }
}

/** What was so once stays so: a protected point is never ended, and a slot and a second have one point. */
async function nothingIsUndone(world: World, before: Map<string, Point>): Promise<void> {
  for (const point of await world.points()) {
    const was = before.get(point.id);
    if (was?.state === 'protected' || was?.state === 'failed') expect(point.state, point.id).toBe(was.state);
    before.set(point.id, point);
  }
  const slots = [...before.values()].filter(({ kind }) => kind === 'scheduled').map(({ id }) => id.slice(0, 11));
  expect(new Set(slots).size).toBe(slots.length);
}

async function begun(steps: Step[]): Promise<World> {
  const world = await World.begun();
  const before = new Map<string, Point>();
  for (const each of steps) {
    await world.act(each).catch(() => undefined);
    await nothingIsUndone(world, before);
  }
  world.messages = 0;
  return world;
}

/** Passes until no point is in flight, nor in the pass after that; `most` and one more when that does not come. */
async function passesToRest(world: World, minutes: number, most: number): Promise<number> {
  const rests = async () => !(await world.points()).some(isInFlight);
  for (let n = 0; n <= most; n += 1) {
    const rested = await rests();
    await world.pass(minutes);
    // A point that was protected just now may be what suspect ones are judged by again.
    if (rested && (await rests())) return n;
  }
  return most + 1;
}

async function suspectsAreTold({ ports }: World, points: Point[]): Promise<void> {
  const { findings } = await readiness(ports, testPolicy);
  const told = findings.flatMap(({ code, subject }) => (code === 'INVENTORY_SHRANK' ? [subject] : []));
  for (const { id, state } of points) if (state === 'suspect') expect(told).toContain(id);
}

describe('after any history of faults', () => {
  const begin: Step[] = [
    { does: 'capture by schedule', n: 0, at: 1 },
    { does: 'finish the database', n: 0, at: 1 },
  ];
  const histories = fc.array(step, { minLength: 5, maxLength: 45 }).map((steps) => [...begin, ...steps]);

  it(`every point is at rest within ${PASSES} passes once they end, and ${MESSAGES_AN_ARTIFACT} messages an artifact`, async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (steps) => {
        const world = await begun(steps);
        await world.mend();
        const passes = await passesToRest(world, 1, PASSES);
        expect(passes, JSON.stringify((await world.points()).filter(isInFlight))).toBeLessThanOrEqual(PASSES);
        expect(world.messages).toBeLessThanOrEqual(MESSAGES_AN_ARTIFACT * (ARTIFACTS + 4));
        await suspectsAreTold(world, await world.points());
        expect(world.ports.signals.tick).toBe(false);
      }),
      { numRuns },
    );
  });

  it(`every point is at rest within three days when they never end, after ${MESSAGES_IN_TROUBLE} messages at most for what cannot be copied`, async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (steps) => {
        const world = await begun(steps);
        const waiting = (await world.points()).filter(isInFlight).length;
        const passes = await passesToRest(world, 5, PASSES_IN_TROUBLE);
        expect(passes, JSON.stringify((await world.points()).filter(isInFlight))).toBeLessThanOrEqual(
          PASSES_IN_TROUBLE,
        );
        const stuck = MESSAGES_IN_TROUBLE * world.broken.size * waiting;
        expect(world.messages).toBeLessThanOrEqual(MESSAGES_AN_ARTIFACT * (ARTIFACTS + 4) + stuck);
        await suspectsAreTold(world, await world.points());
      }),
      { numRuns: Math.ceil(numRuns / 6) },
    );
  });
});
