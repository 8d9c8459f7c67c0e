import { describe, expect, it } from 'vitest';
import { emailText } from '../../../src/core/notices/as-email.ts';
import { startArguments } from '../../../src/core/recovery/lifecycle.ts';
import { isProduction, type Run } from '../../../src/core/recovery/run.ts';
import { DrError } from '../../../src/errors.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { finishRun, protectedWorld, readRun, settle } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { drill, start } from '../../setup/recovery-requests.ts';
import type { MemoryPorts } from '../../world/ports.ts';

const NAMES = ['', '-2', '-3'];
const [first, second] = testPolicy.restore.classes as [string, string];

/** Passes, a minute apart, until the run is in one of these states; undefined when it is not within the limit. */
async function passesUntil(
  world: Awaited<ReturnType<typeof protectedWorld>>,
  run: Run,
  states: string[],
  most = 30,
): Promise<number | undefined> {
  for (let n = 0; n <= most; n += 1) {
    if (states.includes((await readRun(world.ports, run)).state)) return n;
    world.clock.passMinutes(1);
    await advance(world.ports, testPolicy).catch(() => undefined);
    settle(world.ports);
  }
  return undefined;
}

async function passesToService(change: (ports: MemoryPorts) => void): Promise<number | undefined> {
  const world = await protectedWorld();
  change(world.ports);
  return passesUntil(world, await start(world.ports, world.ids[0] ?? ''), ['done']);
}

const atOnce = (ports: MemoryPorts) => {
  ports.instances.stands = { restored: 'available', backedUp: 'available' };
};

describe('a failover whose instance is not `available`', () => {
  it('is served in as many passes, with its first backup for ever under way', async () => {
    const passes = await passesToService(atOnce);
    expect(passes).toBeDefined();
    expect(await passesToService((ports) => Object.assign(ports.instances.stands, { backedUp: 'backing-up' }))).toBe(
      passes,
    );
  });

  it.each(['storage-optimization', 'storage-initialization'])(
    'is served in as many passes, for ever %s',
    async (restored) => {
      const passes = await passesToService(atOnce);
      expect(await passesToService((ports) => Object.assign(ports.instances.stands, { restored }))).toBe(passes);
    },
  );
});

describe('a restore that fails after it was accepted', () => {
  it('for want of capacity takes the next class, under another name, and keeps nothing waiting', async () => {
    const world = await protectedWorld();
    world.ports.instances.endOf = ({ className }) => (className === first ? 'insufficient-capacity' : undefined);
    const run = await finishRun(world.ports, await start(world.ports, world.ids[0] ?? ''));
    expect(run.state).toBe('done');
    expect(run.attempts.map((each) => [each.point, each.instance, each.outcome])).toEqual([
      [world.ids[0], `hbdr-failover-${run.id}`, 'rejected'],
      [world.ids[0], `hbdr-failover-${run.id}-2`, 'passed'],
    ]);
    expect(world.ports.instances.held.get(`hbdr-failover-${run.id}-2`)?.className).toBe(second);
  });

  it('with every class refused is blocked at once, says how it goes on, and rings', async () => {
    const world = await protectedWorld();
    world.ports.instances.endOf = () => 'insufficient-capacity';
    const run = await finishRun(world.ports, await start(world.ports, world.ids[0] ?? ''));
    expect(run.state).toBe('blocked');
    const letter = world.ports.notifier.messages.map(emailText).at(-1) ?? '';
    expect(letter).toContain('insufficient-capacity');
    expect(letter).toContain(`builder-dr failover start --confirm ${world.ids[0]}`);
    world.ports.instances.endOf = () => undefined;
    const ended = await finishRun(world.ports, await start(world.ports, world.ids[0] ?? ''));
    expect([ended.state, ended.attempts.map((each) => each.point)]).toEqual([
      'done',
      [0, 0, 0].map((n) => world.ids[n]),
    ]);
    expect(new Set(ended.attempts.map((each) => each.instance)).size).toBe(3);
  });

  it.each([
    'failed',
    'inaccessible-encryption-credentials',
    'inaccessible-encryption-credentials-recoverable',
    'incompatible-create',
    'incompatible-network',
    'incompatible-option-group',
    'incompatible-parameters',
    'incompatible-restore',
    'restore-error',
    'storage-full',
  ])('as %s takes the next point', async (end) => {
    const world = await protectedWorld();
    world.ports.instances.endOf = ({ name }) => (name.endsWith('-2') ? undefined : end);
    const run = await finishRun(world.ports, await start(world.ports, world.ids[0] ?? ''));
    expect([run.state, run.attempts.map((each) => each.point)]).toEqual(['done', world.ids]);
    expect(run.attempts[0]?.why).toBe(`RDS reports the restored instance as ${end}`);
  });

  it('in a drill: the next class is drilled, and every instance that it made is deleted', async () => {
    const { ports } = await protectedWorld(1);
    ports.instances.endOf = ({ className }) =>
      className === testPolicy.restore.drillClasses[0] ? 'insufficient-capacity' : undefined;
    const run = await finishRun(ports, await drill(ports));
    expect([run.state, ports.instances.restores]).toEqual([
      'passed',
      NAMES.slice(0, 2).map((end) => `hbdr-drill-${run.id}${end}`),
    ]);
    expect([ports.instances.held.size, ports.secrets.values.size]).toEqual([0, 0]);
  });

  it('in a drill, with every class refused, fails it and leaves nothing', async () => {
    const { ports } = await protectedWorld(1);
    ports.instances.endOf = () => 'insufficient-capacity';
    const run = await finishRun(ports, await drill(ports));
    expect([run.state, ports.instances.held.size]).toEqual(['failed', 0]);
  });

  it('at once, as a class that cannot be ordered, takes the next class under the same name', async () => {
    const { ports, ids } = await protectedWorld();
    ports.instances.refuse.set(first, new DrError('COMBINATION_REFUSED', 'RDS does not support db.x'));
    const run = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect([run.state, ports.instances.restores]).toEqual(['done', [`hbdr-failover-${run.id}`]]);
  });
});

describe('a failover without progress', () => {
  it.each([
    ['an instance that is created for ever', (ports: MemoryPorts) => (ports.instances.endOf = () => 'creating')],
    ['an instance in a state that nobody knows', (ports: MemoryPorts) => (ports.instances.endOf = () => 'pondering')],
    [
      'a restore that is refused for ever',
      (ports: MemoryPorts) =>
        (ports.instances.restore = async () => Promise.reject(new DrError('REMOTE_FAILED', 'InvalidSubnet: x'))),
    ],
    [
      'an inspector that never wakes',
      (ports: MemoryPorts) => (ports.inspection.refuse = new DrError('INVALID_STATE', 'Inactive')),
    ],
  ])('is blocked after its time, not before, and goes on when told: %s', async (_what, change) => {
    const world = await protectedWorld();
    const run = await start(world.ports, world.ids[0] ?? '');
    change(world.ports);
    const limit = testPolicy.failoverStuckMinutes;
    expect(await passesUntil(world, run, ['blocked', 'aborted', 'done'], limit - 5)).toBeUndefined();
    expect(await passesUntil(world, run, ['blocked'], 20)).toBeDefined();
    const blocked = await readRun(world.ports, run);
    if (!isProduction(blocked) || !blocked.blocked) throw new Error('not blocked');
    expect(blocked.blocked.reason).toContain(`no progress for ${limit} minutes`);
    expect(startArguments(blocked.blocked.resume)).toEqual(['failover', 'start', '--confirm', world.ids[0]]);
    expect(world.ports.notifier.messages.at(-1)?.subject).toContain('failover blocked');
  });
});
