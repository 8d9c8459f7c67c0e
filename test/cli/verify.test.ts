import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signHart, signingKey } from '../../sandbox/seed/hart.ts';
import { SeededRandom } from '../../sandbox/seed/random.ts';
import { builderDr, type Ran } from '../setup/command-line.ts';

const random = new SeededRandom('verify command');
const signer = signingKey('core', '20240101000000', random);
const stranger = signingKey('nobody', '20240101000000', random);
let folder: string;
const at = (...names: string[]) => join(folder, ...names);

const verify = (...args: string[]) => builderDr(['verify', ...args], { cwd: folder });
type Document = {
  engine: string;
  checked: number;
  ok: number;
  failed: number;
  results: { path: string; verdict: string; detail: string | null }[];
};
const verdicts = (ran: Ran) =>
  Object.fromEntries(
    (JSON.parse(ran.stdout) as Document).results.map((each) => [each.path.slice(folder.length + 1), each.verdict]),
  );

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hbdr-verify-'));
  await mkdir(at('keys', 'deep'), { recursive: true });
  await mkdir(at('good', 'below'), { recursive: true });
  await mkdir(at('bad', 'folder.hart'), { recursive: true });
  await writeFile(at('keys', 'deep', `${signer.name}.pub`), signer.publicText);
  for (let n = 0; n < 40; n += 1)
    await writeFile(at('good', 'below', `p${n}.hart`), await signHart(random.bytes(1_000 + n), signer));
  await writeFile(at('good', 'notes.txt'), 'not a package');
  const hart = await signHart(random.bytes(2_000), signer);
  await writeFile(at('bad', 'good.hart'), hart);
  await writeFile(at('bad', 'empty.hart'), '');
  await writeFile(at('bad', 'endless.hart'), '');
  await truncate(at('bad', 'endless.hart'), 50_000_000);
  await writeFile(
    at('bad', 'flipped.hart'),
    Buffer.concat([hart.subarray(0, 1_000), Buffer.from([0]), hart.subarray(1_001)]),
  );
  await writeFile(at('bad', 'stranger.hart'), await signHart(random.bytes(100), stranger));
  await symlink('loop.hart', at('bad', 'loop.hart'));
  await symlink('nowhere', at('bad', 'dangling.hart'));
  let line = 0;
  for (let cut = 0; line < 4; line += 1) {
    cut = hart.indexOf(10, cut) + 1;
    await writeFile(at('bad', `cut-${line}.hart`), hart.subarray(0, cut));
  }
  await writeFile(at('bad', 'locked.hart'), hart);
  await chmod(at('bad', 'locked.hart'), 0);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('builder-dr verify', () => {
  it.each(['1', '2', '3'])(
    'finds all packages of a folder and of the folders in it OK, with %s threads',
    async (count) => {
      const ran = await verify(at('good'), '--keys', at('keys'), '--concurrency', count, '--json');
      const { checked, ok, failed, engine, results } = JSON.parse(ran.stdout) as Document;
      expect([ran.code, checked, ok, failed, engine]).toEqual([0, 40, 40, 0, 'sodium-native']);
      expect(results[0]).toMatchObject({
        verdict: 'OK',
        signer: signer.name,
        detail: null,
        payloadBlake2b: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
    },
  );

  it.each(['1', '2'])(
    'gives each bad file a clear verdict and still checks the others, with %s threads',
    async (count) => {
      const ran = await verify(at('bad'), at('gone.hart'), '--keys', at('keys'), '--concurrency', count, '--json');
      const locked = process.getuid?.() === 0 ? 'OK' : 'UNREADABLE'; // root reads everything
      expect([ran.code, verdicts(ran)]).toEqual([
        1,
        {
          'bad/good.hart': 'OK',
          'bad/locked.hart': locked,
          'bad/empty.hart': 'MALFORMED_HEADER',
          'bad/endless.hart': 'MALFORMED_HEADER',
          'bad/flipped.hart': 'PAYLOAD_HASH_MISMATCH',
          'bad/stranger.hart': 'UNKNOWN_KEY',
          'bad/loop.hart': 'UNREADABLE',
          'bad/dangling.hart': 'UNREADABLE',
          'bad/folder.hart': 'UNREADABLE',
          'bad/cut-0.hart': 'MALFORMED_HEADER',
          'bad/cut-1.hart': 'MALFORMED_HEADER',
          'bad/cut-2.hart': 'MALFORMED_HEADER',
          'bad/cut-3.hart': 'MALFORMED_HEADER',
          'gone.hart': 'UNREADABLE',
        },
      ]);
    },
  );

  it('for people lists what failed, with why, and counts', async () => {
    const { code, stdout } = await verify(at('bad', 'stranger.hart'), at('good'), '--keys', at('keys'));
    expect(code).toBe(1);
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^UNKNOWN_KEY +.*stranger\.hart {2}\(no public key nobody-20240101000000\)$/),
      '41 checked, 40 ok, 1 failed',
      '',
    ]);
  });

  it('holds files against a list as b2sum writes it', async () => {
    const list = execFileSync('b2sum', ['-l', '256', 'good/below/p1.hart', 'good/below/p2.hart'], {
      cwd: folder,
    }).toString();
    await writeFile(
      at('list'),
      list.replace(/^./, (c) => (c === '0' ? '1' : '0')),
    );
    const ran = await verify(
      at('good', 'below', 'p1.hart'),
      at('good', 'below', 'p2.hart'),
      '--keys',
      at('keys'),
      '--checksums',
      at('list'),
      '--json',
    );
    expect([ran.code, verdicts(ran)]).toEqual([
      1,
      { 'good/below/p1.hart': 'CHECKSUM_MISMATCH', 'good/below/p2.hart': 'OK' },
    ]);
  });

  it('gives the same results by either engine', async () => {
    const run = async (engine: string) => {
      const { results } = JSON.parse(
        (await verify(at('bad'), '--keys', at('keys'), '--engine', engine, '--concurrency', '1', '--json')).stdout,
      ) as Document;
      return results;
    };
    expect(await run('hash-wasm')).toEqual(await run('sodium-native'));
  });

  it.each([
    ['a folder of keys that is not there', ['good', '--keys', 'nokeys'], 'cannot read the folder of keys nokeys'],
    [
      'a number of threads that is none',
      ['good', '--concurrency', 'many'],
      '--concurrency must be a number from 1 to 64, not many',
    ],
    ['a list that is none', ['good', '--checksums', 'good/notes.txt'], 'line 1 is not a checksum: not a package'],
    ['no path at all', [], "missing required argument 'path'"],
  ])('%s is bad usage', async (_name, args, says) => {
    const { code, stdout, stderr } = await verify(...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(says);
  });

  it('nothing to check is not health', async () => {
    await mkdir(at('none'), { recursive: true });
    expect(await verify(at('none'))).toMatchObject({ code: 1, stdout: '0 checked, 0 ok, 0 failed\n' });
  });
});
