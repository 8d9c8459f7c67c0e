import { describe, expect, it } from 'vitest';
import { emailText } from '../../../src/core/notices/as-email.ts';
import { current } from '../../../src/core/recovery/lifecycle.ts';
import type { ProductionRun } from '../../../src/core/recovery/run.ts';
import { DrError } from '../../../src/errors.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { finishRun, protectedWorld, readRun, settle } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { start } from '../../setup/recovery-requests.ts';
import { restartsInService } from '../../setup/restarts.ts';
import type { MemoryPorts } from '../../world/ports.ts';

const days = testPolicy.restore.backupRetentionDays;
const steps = (run: ProductionRun) => run.cutOver?.steps.map((each) => [each.name, each.ok]);

async function passes(world: Awaited<ReturnType<typeof protectedWorld>>, run: ProductionRun, count: number) {
  for (let n = 0; n < count; n += 1) {
    world.clock.passMinutes(1);
    await advance(world.ports, testPolicy).catch(() => undefined);
    settle(world.ports);
  }
  return readRun(world.ports, run);
}

/** What RDS is asked to do, and whether it does, and whether that is heard. */
function asking(ports: MemoryPorts, how: (ask: () => Promise<void>, time: number) => Promise<void>): () => number {
  const { turnBackupsOn } = ports.instances;
  let times = 0;
  ports.instances.turnBackupsOn = async (name, wanted) => {
    times += 1;
    await how(() => turnBackupsOn(name, wanted), times);
  };
  return () => times;
}

describe('the backups of a failover', () => {
  it('are turned on before the cut-over, once, and never while it serves', async () => {
    const { ports, ids } = await protectedWorld();
    const served = restartsInService(ports);
    const times = asking(ports, (ask) => ask());
    const run = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect([run.state, steps(run)?.[0], [...ports.instances.restarts], served()]).toEqual([
      'done',
      ['backups', true],
      [current(run).instance],
      [],
    ]);
    expect(ports.instances.held.get(current(run).instance)?.backupRetentionDays).toBe(days);
    await advance(ports, testPolicy);
    expect(times()).toBe(1);
  });

  it('cost no pass where the restart is over before the artifacts are verified', async () => {
    const world = await protectedWorld();
    const run = await start(world.ports, world.ids[0] ?? '');
    const { pages } = world.ports.replica;
    world.ports.replica.pages = (prefix) => {
      settle(world.ports);
      return pages(prefix);
    };
    // As many as version 0.1 took with an instance that was `available` at once.
    expect((await passes(world, run, 5)).state).toBe('done');
  });

  it.each([
    ['for good', 'ACCESS_DENIED', 1],
    ['for as long as it has', 'INVALID_STATE', 15],
  ] as const)(
    'that RDS refuses %s are a step that failed, with its command, and block nothing',
    async (_what, code, minutes) => {
      const world = await protectedWorld();
      const run = await start(world.ports, world.ids[0] ?? '');
      const times = asking(world.ports, () => Promise.reject(new DrError(code, `turn backups on: ${code}`)));
      const ended = await passes(world, run, 8 + minutes);
      expect([ended.state, steps(ended)?.[0]]).toEqual(['done', ['backups', false]]);
      // Once a pass, and once more in the pass that verified meanwhile.
      expect(times()).toBeLessThanOrEqual(minutes + 2);
      const letter = world.ports.notifier.messages.map(emailText).at(-1) ?? '';
      expect(letter).toContain('By hand: backups: at a time when Builder may lose its database for a minute: aws rds');
      expect(letter).toContain(
        `modify-db-instance --region us-west-2 --db-instance-identifier ${current(ended).instance} --backup-retention-period ${days} --apply-immediately`,
      );
    },
  );

  it.each([
    ['was done', true],
    ['was not done', false],
  ])('whose answer is lost: what %s is seen, and nothing restarts once it serves', async (_what, done) => {
    const { ports, ids } = await protectedWorld();
    const served = restartsInService(ports);
    asking(ports, async (ask, time) => {
      if (done || time > 1) await ask();
      if (time === 1) throw new DrError('SITE_UNREACHABLE', 'TimeoutError', { site: 'dr' });
    });
    const run = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect([run.state, steps(run)?.[0], served()]).toEqual(['done', ['backups', true], []]);
    expect(ports.instances.restarts).toHaveLength(1);
  });

  it('are not asked for by a pass that read before another one cut over', async () => {
    const { ports, ids } = await protectedWorld();
    const run = await start(ports, ids[0] ?? '');
    let times = 0;
    const { status } = ports.instances;
    let overtaken = false;
    ports.instances.status = async (name) => {
      const seen = await status(name);
      if (overtaken || (await readRun(ports, run)).state !== 'healing+verifying') return seen;
      overtaken = true;
      await finishRun(ports, run);
      times = -1;
      return seen;
    };
    const ask = ports.instances.turnBackupsOn;
    ports.instances.turnBackupsOn = async (name, wanted) => {
      if (times === -1) throw new Error('asked for while it serves');
      return ask(name, wanted);
    };
    for (let n = 0; n < 8; n += 1) {
      await advance(ports, testPolicy);
      settle(ports);
    }
    expect([overtaken, (await readRun(ports, run)).state, ports.instances.restarts.length]).toEqual([true, 'done', 1]);
  });
});

describe('the cut-over waits for a connection', () => {
  const failing = (ports: MemoryPorts, until: number) => {
    let times = 0;
    ports.inspection.answer = (report) => {
      times += 1;
      const ok = times === 1 || times > until;
      return { ...report, smoke: [{ name: 'database', ok, detail: ok ? 'logged in' : 'connection refused' }] };
    };
  };

  it('that is refused while the database restarts, and is asked for again', async () => {
    const world = await protectedWorld();
    const run = await start(world.ports, world.ids[0] ?? '');
    failing(world.ports, 5);
    expect((await passes(world, run, 8)).state).toBe('healing+verifying');
    const ended = await passes(world, run, 4);
    expect([ended.state, ended.errors.map((each) => each.message)]).toEqual(['done', ['connection refused']]);
  });

  it('not for ever: then it is blocked, and the request in its record goes on', async () => {
    const world = await protectedWorld();
    const run = await start(world.ports, world.ids[0] ?? '');
    failing(world.ports, 1000);
    const blocked = await passes(world, run, 30);
    expect([blocked.state, blocked.blocked?.reason]).toEqual([
      'blocked',
      `${current(blocked).instance} takes no connection since backups were turned on (20 minutes): connection refused`,
    ]);
    failing(world.ports, 0);
    await start(world.ports, world.ids[0] ?? '');
    const ended = await passes(world, run, 4);
    expect([ended.state, world.ports.instances.restarts.length]).toEqual(['done', 1]);
  });

  it('no longer than that where Builder could not log in before either', async () => {
    const world = await protectedWorld();
    const run = await start(world.ports, world.ids[0] ?? '');
    world.ports.inspection.answer = (report) => ({
      ...report,
      smoke: [{ name: 'database', ok: false, detail: 'password authentication failed' }],
    });
    expect((await passes(world, run, 30)).state).toBe('done');
  });
});
