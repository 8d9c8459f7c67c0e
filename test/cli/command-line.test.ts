import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { table } from '../../src/cli/table.ts';
import { commands } from '../../src/core/command-line.ts';
import { builderDr, loadedModules, sources } from '../setup/command-line.ts';

const root = join(import.meta.dirname, '..', '..');
const example = join(root, 'config', 'example.yml');
/** Needs a configuration and makes every client, and calls nobody. */
const cost = ['cost', '--database-gib', '1', '--artifacts-gib', '1', '--artifacts', '1', '--config', example];
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hbdr-cli-'));
});
afterAll(() => rm(folder, { recursive: true }));

const run = (...args: string[]) => builderDr(args, { cwd: folder, env: { BUILDER_DR_CONFIG: undefined } });

describe('the options that every command takes', () => {
  it.each([
    ['after the words of the command', ['points', 'accept', 'some', '--json', '--config', 'none.yml']],
    ['between them', ['points', '--config', 'none.yml', 'accept', '--json', 'some']],
    ['before all of them', ['--json', '--config', 'none.yml', 'points', 'accept', 'some']],
  ])('are heard %s', async (_name, args) => {
    const { code, stdout } = await run(...args);
    expect([code, JSON.parse(stdout).error.message]).toEqual([2, expect.stringContaining('none.yml')]);
  });

  it('are told in the help of each command, with the exit codes', async () => {
    const { code, stdout } = await run('points', 'accept', '--help');
    expect(code).toBe(0);
    for (const each of ['--json', '--config <file>', '--verbose', '3 a remote system failed']) {
      expect(stdout).toContain(each);
    }
  });

  it('--version says the version of the package', async () => {
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    expect(await run('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });
});

it('people are told to type those commands that there are', () => {
  const words = table.map(({ usage }) => usage.replace(/ [<[].*/, ''));
  expect(commands.map((each) => each.join(' '))).toEqual(words);
});

describe('bad usage', () => {
  it.each([
    ['an unknown command', ['fly'], "unknown command 'fly'", 'builder-dr --help'],
    ['an unknown word below a command', ['keys', 'fly'], "unknown command 'fly'", 'builder-dr keys --help'],
    ['a misspelt command', ['statu'], "unknown command 'statu'", 'Did you mean status?'],
    ['an unknown option', ['status', '--colour'], "unknown option '--colour'", 'builder-dr status --help'],
    ['a missing argument', ['points', 'accept'], "missing required argument 'id'", 'builder-dr points accept --help'],
    ['an argument too many', ['capture', 'it'], 'too many arguments', 'builder-dr capture --help'],
    ['a missing option', ['keys', 'restore'], '--to <folder>', 'builder-dr keys restore --help'],
    ['half a command', ['failover'], 'what to do is missing', 'builder-dr failover --help'],
    ['no command', [], 'what to do is missing', 'builder-dr --help'],
  ])('%s: one JSON document with --json, and a hint for people; exit code 2', async (_name, args, says, hint) => {
    const forProgram = await run(...args, '--json');
    expect(JSON.parse(forProgram.stdout)).toEqual({
      error: { code: 'BAD_USAGE', message: expect.stringContaining(says), hint: expect.stringContaining(hint) },
    });
    const forPeople = await run(...args);
    expect([forProgram.code, forPeople.code, forPeople.stdout]).toEqual([2, 2, '']);
    expect(forPeople.stderr).toContain(says);
    expect(forPeople.stderr).toContain(`hint: `);
    expect(forPeople.stderr).toContain(hint);
  });
});

describe('a configuration', () => {
  it('that is not there is one sentence', async () => {
    const { code, stderr } = await run('status');
    expect([code, stderr]).toEqual([
      2,
      'builder-dr: no configuration: ./builder-dr.yml is not there; name one with --config, or in BUILDER_DR_CONFIG\n' +
        '  hint: Copy config/example.yml, and change every value marked CHANGE.\n',
    ]);
  });

  it.each([
    ['nothing', ''],
    ['only remarks', '# to be done\n'],
  ])('that holds %s lists what is missing, on one line', async (_name, text) => {
    await writeFile(join(folder, 'empty.yml'), text);
    const { code, stderr } = await run('status', '--config', 'empty.yml');
    expect([code, stderr.split('\n').slice(0, 2)]).toEqual([
      2,
      ['builder-dr: 6 bad settings', '  missing: stage, account, primary, dr, restore, builder'],
    ]);
  });

  it.each([
    ['text', 'just a few words'],
    ['a list', '- stage\n- account\n'],
  ])('that is %s is refused as a whole, not letter by letter', async (_name, text) => {
    await writeFile(join(folder, 'other.yml'), text);
    const { code, stderr } = await run('status', '--config', 'other.yml');
    expect([code, stderr.split('\n')[0]]).toEqual([
      2,
      'builder-dr: other.yml is no configuration: it holds no settings by name',
    ]);
  });
});

describe('what is loaded', () => {
  const heavy = /@aws-sdk|@smithy|\/src\/jobs\/|\/src\/adapters\/|\/src\/wire\/|\/zod\/|\/yaml\/|\/pg\//;
  const nobody = { AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
  const loaded = (...args: string[]) => loadedModules(args, { cwd: folder, env: nobody });

  it.each([[['--help']], [['--version']], [['failover', 'start', '--help']], [['fly']]])(
    '%s loads no job, no client, no schema',
    async (args) => {
      const found = await loaded(...args);
      expect(found.filter((url) => url.includes('/commander/')).length).toBeGreaterThan(0);
      expect(found.filter((url) => heavy.test(url))).toEqual([]);
    },
  );

  it('a command loads its own job only', async () => {
    const found = await loaded('capture', '--config', example);
    expect(found.some((url) => url.endsWith('/src/jobs/points/capture.ts'))).toBe(true);
    const ofOthers = /\/src\/jobs\/(advance|readiness|doctor|points\/accept|artifacts|recovery|keys|inspector)/;
    expect(found.filter((url) => ofOthers.test(url))).toEqual([]);
  });

  it('verify of files loads no client', async () => {
    const found = await loaded('verify', 'none.hart');
    expect(found.filter((url) => /@aws-sdk|@smithy/.test(url))).toEqual([]);
    expect(found.some((url) => url.includes('/src/hart/'))).toBe(true);
  });
});

describe('beside the answer', () => {
  it('a reader that went away ends it quietly, as SIGPIPE would', async () => {
    const command = `"${process.execPath}" "${sources}" ${cost.join(' ')} | true; echo "\${PIPESTATUS[0]}"`;
    const ran = await new Promise((resolve) => {
      execFile('bash', ['-c', command], (_error, stdout, stderr) => resolve({ stdout, stderr }));
    });
    expect(ran).toEqual({ stdout: '141\n', stderr: '' });
  });

  it("an older Node brings no warning of the SDK's, and other warnings still come", async () => {
    const older =
      "Object.defineProperty(process, 'version', { value: 'v20.20.2' }); process.emitWarning('another warning');";
    const { code, stderr } = await builderDr(cost, { node: ['--import', `data:text/javascript,${older}`] });
    expect(code).toBe(0);
    expect(stderr).toContain('another warning');
    expect(stderr).not.toContain('SDK');
  });
});
