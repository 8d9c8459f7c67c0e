import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { builderDr } from '../setup/command-line.ts';
import { World } from '../setup/world.ts';

let sandbox: Sandbox;
let world: World;
beforeAll(async () => {
  sandbox = await startSandbox();
  world = await World.create(sandbox, 'doctor');
});
afterEach(() => sandbox.control.dark([]));
afterEach(() => sandbox.control.faults([]));
afterAll(() => sandbox.stop());

/** The configuration of an operator who waits so long for an answer. */
async function waiting(requestTimeoutMs: number): Promise<string> {
  const file = join(sandbox.address.folder, `doctor-${requestTimeoutMs}.yml`);
  const { network } = world.config;
  await writeFile(file, stringify({ ...world.config, network: { ...network, requestTimeoutMs } }));
  return file;
}

type Check = { name: string; ok: boolean; detail: string };

describe('doctor', () => {
  // Every check asks a region that never answers. Copies may take two minutes; nothing else may.
  it('waits for no region longer than network.requestTimeoutMs, and says that each check got no answer', async () => {
    await sandbox.control.dark([
      { region: 'us-east-1', mode: 'black-hole' },
      { region: 'us-west-2', mode: 'black-hole' },
    ]);
    const { code, stdout } = await builderDr(['doctor', '--json', '--config', await waiting(1_500)]);
    const checks = (JSON.parse(stdout) as { checks: Check[] }).checks;
    const others = checks.filter((each) => !each.detail.includes('exceeded the configured 1500 ms'));
    expect([code, checks.length, others.map((each) => each.name)]).toEqual([1, 14, ['hash engine', 'login by IAM']]);
  });

  it('tells each check when it ends: the others before the one that hangs', async () => {
    await sandbox.control.faults([{ kind: 'black-hole', service: 'sqs' }]);
    const { code, stdout } = await builderDr(['doctor', '--config', await waiting(20_000)]);
    const told = stdout.split('\n').flatMap((line) => /^(?:ok {4}|FAILED) {2}([^:]+):/.exec(line)?.[1] ?? []);
    expect([code, told.length, told[0], told.at(-1)]).toEqual([1, 14, 'hash engine', 'work queue']);
  });
});
