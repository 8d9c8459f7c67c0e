import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { builderDr, sources } from '../setup/command-line.ts';
import { World } from '../setup/world.ts';

let sandbox: Sandbox;
let config: string;
beforeAll(async () => {
  sandbox = await startSandbox();
  const world = await World.create(sandbox, 'doctor');
  config = join(sandbox.address.folder, 'doctor.yml');
  await writeFile(config, stringify(world.config));
});
afterEach(() => sandbox.control.dark([]));
afterEach(() => sandbox.control.faults([]));
afterAll(() => sandbox.stop());

type Check = { name: string; ok: boolean; detail: string };

describe('doctor', () => {
  // Every check asks a region that never answers. Copies may take two minutes; nothing else may.
  it('is done soon when both regions are black holes, and says that each check got no answer', async () => {
    await sandbox.control.dark([
      { region: 'us-east-1', mode: 'black-hole' },
      { region: 'us-west-2', mode: 'black-hole' },
    ]);
    const { code, stdout } = await builderDr(['doctor', '--json', '--config', config]);
    const checks = (JSON.parse(stdout) as { checks: Check[] }).checks;
    const answered = checks.filter((each) => !each.detail.includes('TimeoutError')).map((each) => each.name);
    expect([code, checks.length, answered]).toEqual([1, 13, ['hash engine', 'login by IAM']]);
  });

  it('tells each check when it ends: the others before the one that hangs', async () => {
    await sandbox.control.faults([{ kind: 'black-hole', service: 'sqs' }]);
    const child = spawn(process.execPath, [sources, 'doctor', '--config', config], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
    const [code] = await once(child, 'close');
    const told = lines.flatMap((line) => /^(?:ok {4}|FAILED) {2}([^:]+):/.exec(line)?.[1] ?? []);
    expect([code, told.length, told[0], told.at(-1)]).toEqual([1, 13, 'hash engine', 'work queue']);
  });
});
