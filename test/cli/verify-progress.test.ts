import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signHart, signingKey } from '../../sandbox/seed/hart.ts';
import { SeededRandom } from '../../sandbox/seed/random.ts';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { builderDr, sources } from '../setup/command-line.ts';
import { World } from '../setup/world.ts';

const COUNT = 12;
const random = new SeededRandom('progress');
const signer = signingKey('core', '20240101000000', random);
let sandbox: Sandbox;
let folder: string;
let inBucket: string[];
const env = { AWS_REGION: 'us-east-1' };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hbdr-progress-'));
  await mkdir(join(folder, 'keys'));
  await writeFile(join(folder, 'keys', `${signer.name}.pub`), signer.publicText);
  sandbox = await startSandbox();
  const world = await World.create(sandbox, 'progress');
  for (let n = 0; n < COUNT; n += 1) {
    const hart = await signHart(random.bytes(20_000), signer);
    await writeFile(join(folder, `p${n}.hart`), hart);
    await world.upload(`p${n}.hart`, hart);
  }
  inBucket = ['verify', `s3://${world.config.primary.bucket}`, '--keys', join(folder, 'keys'), '--concurrency', '1'];
  // Slow enough that there is something to show.
  await sandbox.control.faults([{ kind: 'slow', action: 'GetObject', delayMs: 100 }]);
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await sandbox.stop();
});

type Shown = { code: number; stdout: string; terminal: string };
/** Standard error, and with `both` standard output too, is a terminal. */
async function onTerminal(which: 'both' | 'errors', args: string[]): Promise<Shown> {
  const program = join(import.meta.dirname, '..', 'setup', 'on-terminal.py');
  const words = [program, which, process.execPath, sources, ...args];
  const { stdout } = await promisify(execFile)('python3', words, { env: { ...process.env, ...env } });
  return JSON.parse(stdout) as Shown;
}

describe('verify of a bucket', () => {
  it('shows its progress on a terminal, and takes it away at the end', async () => {
    const { code, terminal } = await onTerminal('both', inBucket);
    expect(code).toBe(0);
    const lines = terminal.split('\r\x1b[K');
    expect(lines[1]).toMatch(/^\d+ packages, \d+ MB, \d+ MB\/s$/);
    expect(lines.at(-1)?.trim()).toBe(`${COUNT} checked, ${COUNT} ok, 0 failed`);
  });

  it('keeps its document clean where both go to one terminal', async () => {
    const { terminal } = await onTerminal('both', [...inBucket, '--json']);
    expect(JSON.parse(terminal)).toMatchObject({ checked: COUNT });
  });

  it('shows it beside a document that goes elsewhere', async () => {
    const { stdout, terminal } = await onTerminal('errors', [...inBucket, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ checked: COUNT });
    expect(terminal).toMatch(/packages/);
  });

  it('says nothing of it without a terminal', async () => {
    expect(await builderDr(inBucket, { env })).toEqual({
      code: 0,
      stdout: `${COUNT} checked, ${COUNT} ok, 0 failed\n`,
      stderr: '',
    });
  });
});

describe('verify of files', () => {
  it('shows on a terminal how much of how much', async () => {
    const { terminal } = await onTerminal('both', ['verify', folder, '--keys', join(folder, 'keys')]);
    expect(terminal).toMatch(new RegExp(`\\d+/${COUNT} packages, `));
  });
});
