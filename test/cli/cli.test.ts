import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { builderKey } from '../../sandbox/seed/box.ts';
import { SeededRandom } from '../../sandbox/seed/random.ts';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { advance } from '../../src/jobs/advance.ts';
import { readPoints } from '../../src/jobs/vault/points.ts';
import { builderDr } from '../setup/command-line.ts';
import { until, World } from '../setup/world.ts';

let sandbox: Sandbox;
let world: World;
let config: string;
let keys: string;
/** What the commands of the first hour answered: every other test finds keys in escrow, and one point. */
let begun: Record<
  'reconciled' | 'escrow' | 'node' | 'captured' | 'advanced' | 'points',
  Awaited<ReturnType<typeof json>>
>;

beforeAll(async () => {
  sandbox = await startSandbox();
  await sandbox.control.rds({ stateDelayMs: 50 });
  world = await World.create(sandbox, 'cli');
  await world.createInstance();
  await world.upload('core/a.hart');
  const { folder } = sandbox.address;
  config = join(folder, 'builder-dr.yml');
  await writeFile(config, stringify(world.config));
  keys = join(folder, 'keys');
  await mkdir(keys);
  await writeFile(
    join(keys, 'bldr-20240101000000.box.key'),
    builderKey('20240101000000', new SeededRandom('cli')).secretText,
  );
  const node = join(keys, 'node', 'hab', 'user', 'builder-api', 'config');
  await mkdir(node, { recursive: true });
  await writeFile(join(node, 'user.toml'), '[datastore]\n', { mode: 0o640 });
  await chmod(join(node, 'user.toml'), 0o640);
  begun = {
    reconciled: await json('reconcile'),
    escrow: await json('keys', 'escrow', '--from', keys),
    node: await json('keys', 'escrow', '--node', join(keys, 'node')),
    captured: await json('capture'),
    advanced: await json('advance'),
    points: await json('points'),
  };
});
afterAll(() => sandbox.stop());

const run = (args: string[], env: Record<string, string> = {}) => builderDr(args, { env, cwd: sandbox.address.folder });

const json = async (...args: string[]) => {
  const ran = await run([...args, '--json', '--config', config]);
  return { ...ran, document: JSON.parse(ran.stdout) };
};

describe('builder-dr', () => {
  it('status before any assessment is something wrong, not a crash', async () => {
    const fresh = join(sandbox.address.folder, 'fresh.yml');
    await writeFile(fresh, stringify((await World.create(sandbox, 'cli-fresh')).config));
    const { code, stdout, stderr } = await run(['status', '--json', '--config', fresh]);
    expect([code, JSON.parse(stdout).error.code]).toEqual([1, 'NOT_FOUND']);
    expect(stderr).toContain('hint: Run `builder-dr readiness`');
  });

  it('reconcile says 1 while something is missing', () => {
    const { code, document } = begun.reconciled;
    expect([code, document.record.missing.count, document.record.queued]).toEqual([1, 1, 1]);
  });

  it('keys escrow, capture, advance, points: one JSON document each', () => {
    expect(begun.escrow.document).toEqual({
      sealed: ['bldr-20240101000000.box.key'],
      updated: [],
      published: [],
      unchanged: [],
      ignored: [],
    });
    expect(begun.node.document.sealed).toEqual(['hab/user/builder-api/config/user.toml']);
    const { captured, advanced, points } = begun;
    expect([captured.code, captured.document.state]).toEqual([0, 'capturing']);
    expect(advanced.code).toBe(0);
    expect(points.document.points.map((each: { id: string }) => each.id)).toEqual([captured.document.id]);
  });

  it('keys restore writes everything back with its names and modes, twice alike, and overwrites nothing else', async () => {
    const to = join(keys, 'restored');
    const names = ['bldr-20240101000000.box.key', 'hab/user/builder-api/config/user.toml'];
    expect((await json('keys', 'restore', '--to', to)).document).toEqual({ to, written: names, unchanged: [] });
    expect((await json('keys', 'restore', '--to', to)).document).toEqual({ to, written: [], unchanged: names });
    const modes = await Promise.all(names.map(async (name) => (await stat(join(to, name))).mode & 0o777));
    expect(modes).toEqual([0o400, 0o640]);
    const [key = ''] = names;
    expect(await readFile(join(to, key))).toEqual(await readFile(join(keys, key)));
    await writeFile(join(to, 'hab/user/builder-api/config/user.toml'), 'another');
    const { code, document } = await json('keys', 'restore', '--to', to);
    expect([code, document.error.code]).toEqual([1, 'CONFLICT']);
  });

  it('keys check opens what is in escrow, and is not content before a drill has tried the keys', async () => {
    const { code, document } = await json('keys', 'check');
    expect(code).toBe(1);
    expect(document.checks).toMatchObject([
      { name: 'bldr-20240101000000.box.key', ok: true },
      { name: 'hab/user/builder-api/config/user.toml', ok: true },
      { name: 'rows', ok: false, detail: expect.stringContaining('no drill') },
    ]);
  });

  it('a drill and a failover without a point say what is missing; failback without a failover is bad usage', async () => {
    const plan = (await json('failover', 'plan')).document;
    expect(plan).toMatchObject({ confirm: null, candidates: [], inHand: null });
    expect((await json('drill', '--dry-run')).code).toBe(1);
    expect((await json('failover', 'start')).document.error.code).toBe('POINT_UNKNOWN');
    const back = await json('failback', 'plan');
    expect([back.code, back.document.error.code]).toEqual([2, 'BAD_USAGE']);
  });

  it('readiness prints the findings with hints for people, and status finds them again', async () => {
    const ran = await run(['readiness', '--config', config]);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain('NOT_READY');
    expect(ran.stdout).toContain('-> Run `builder-dr capture`');
    expect((await json('status')).document.status).toBe('NOT_READY');
  });

  it('status --url is a link that shows the page without credentials, for an hour', async () => {
    await json('readiness');
    const { code, document } = await json('status', '--url');
    const page = await fetch(document.url);
    expect([code, page.status, (await page.text()).includes('NO_PROTECTED_POINT')]).toEqual([0, 200, true]);
    expect(new URL(document.url).searchParams.get('X-Amz-Expires')).toBe('3600');
  });

  it('notify --test sends one message of each kind, and is not content when nobody hears them', async () => {
    const { code, document } = await json('notify', '--test');
    expect([code, document.subscribers, document.sent.length]).toEqual([1, 0, 5]);
    expect(document.sent.every((each: string) => each.startsWith('TEST [builder-dr '))).toBe(true);
    expect((await run(['notify', '--config', config])).code).toBe(2);
  });

  it('cost takes the sizes that it is told, or those that the newest point has measured', async () => {
    const sizes = ['--database-gib', '10', '--artifacts-gib', '50', '--artifacts', '4000'];
    const { code, document } = await json('cost', ...sizes);
    expect([code, document.lines.length, document.totalDollarsAMonth > 1]).toEqual([0, 9, true]);
    await until('a point that knows its sizes', async () => {
      await advance(world.ports, world.policy);
      const [point] = (await readPoints(world.ports.vault)).points;
      return point && 'sizeGib' in point.database && 'bytes' in point.artifacts ? true : undefined;
    });
    expect((await json('cost')).document.load.databaseGib).toBeGreaterThan(0);
    for (const wrong of [
      ['--points-kept', 'many'],
      ['--drill-every-days', '0'],
      ['--drill-hours', '-1'],
    ]) {
      expect((await json('cost', ...sizes, ...wrong)).document.error).toMatchObject({
        code: 'BAD_USAGE',
        message: expect.stringContaining(`${wrong[0]} ${wrong[1]}`),
      });
    }
  });

  it('doctor names what does not work, and the engine that hashes', async () => {
    const { code, document } = await json('doctor');
    expect(document.checks[0]).toEqual({ name: 'hash engine', ok: true, detail: 'sodium-native' });
    const failed = document.checks
      .filter((each: { ok: boolean }) => !each.ok)
      .map((each: { name: string }) => each.name);
    const none = ['subscribers', "Builder's own credentials", 'fence'];
    expect([code, failed]).toEqual([1, none]);
  });

  it.each([
    ['an unknown command', ['fly'], "unknown command 'fly'"],
    ['an unknown option', ['status', '--colour'], "unknown option '--colour'"],
    ['a real alarm test', ['drill', '--real', '--alarm-test'], '--real and --alarm-test exclude each other'],
    ['no folder of keys', ['keys', 'escrow'], '--from'],
    ['a missing configuration', ['status'], 'no configuration: ./builder-dr.yml.none is not there'],
    ['a point that is not there', ['points', 'accept', '20261122t140000z'], 'no recovery point 20261122t140000z'],
  ])('%s is bad usage: exit code 2', async (_name, args, says) => {
    const configured = says.includes('.none')
      ? { BUILDER_DR_CONFIG: './builder-dr.yml.none' }
      : { BUILDER_DR_CONFIG: config };
    const { code, stderr, stdout } = await run(args, configured);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(says);
  });

  it('a command below another one hears the options that both take', async () => {
    const { code, document } = await json('points', 'accept', '20261122t140000z');
    expect([code, document.error.code]).toEqual([2, 'POINT_UNKNOWN']);
  });

  it('a folder without keys is refused, nothing is sealed', async () => {
    const { code, stderr } = await run(['keys', 'escrow', '--from', '/nowhere', '--config', config]);
    expect([code, stderr.includes('cannot read the folder /nowhere')]).toEqual([2, true]);
  });

  it('a remote system that does not answer is exit code 3', async () => {
    await sandbox.control.dark([{ region: 'us-west-2', mode: 'reset' }]);
    const { code, stderr } = await run(['points', '--config', config]);
    await sandbox.control.dark([]);
    expect([code, stderr.includes('Nobody knows whether the call happened')]).toEqual([3, true]);
  });

  it('help documents the exit codes', async () => {
    const { code, stdout } = await run(['capture', '--help']);
    expect([code, stdout.includes('3 a remote system failed')]).toEqual([0, true]);
  });
});
