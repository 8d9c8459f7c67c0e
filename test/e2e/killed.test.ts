import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ListSecretsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOf } from '../../sandbox/demo/primary-site.ts';
import { SeededRandom } from '../../sandbox/seed/random.ts';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { isMoving } from '../../src/core/recovery/lifecycle.ts';
import type { Run } from '../../src/core/recovery/run.ts';
import { startDrill } from '../../src/jobs/recovery/drill.ts';
import { readDirection } from '../../src/jobs/vault/direction.ts';
import { RecoveryWorld } from '../setup/recovery-world.ts';
import { DR } from '../setup/world.ts';

const KILLS = 50;
const random = new SeededRandom('kill moments');
let sandbox: Sandbox;
let script: string;
beforeAll(async () => {
  sandbox = await startSandbox();
  await sandbox.control.rds({ stateDelayMs: 50 });
  // One file starts in a fraction of the time, and most of the time is then work.
  script = join(sandbox.address.folder, 'advance-child.cjs');
  await build({
    entryPoints: [join(import.meta.dirname, '..', 'setup', 'advance-child.ts')],
    outfile: script,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    external: ['pg-native', 'sodium-native'],
    logLevel: 'error',
  });
});
afterAll(() => sandbox.stop());

/**
 * Lets a process of its own advance the run, and ends it by SIGKILL at a random moment; again until the run is over.
 * Answers how often. Moments are as long as the machine is slow: up to the time that the process took to start.
 */
async function killUntilOver(subject: RecoveryWorld, run: Run): Promise<number> {
  let kills = 0;
  while (isMoving(await subject.run(run))) {
    const spawnedAt = performance.now();
    const child = spawn(process.execPath, [script, JSON.stringify(subject.world.config)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said: string[] = [];
    child.stderr.on('data', (chunk) => said.push(String(chunk)));
    const exited = once(child, 'exit');
    await Promise.race([once(child.stdout, 'data'), exited]);
    const startMs = performance.now() - spawnedAt;
    // A step may take longer than the longest moment: a run must live on at last.
    const momentMs = ((random.bytes(1)[0] as number) / 255) * startMs * (1 + kills / 20);
    await new Promise((resolve) => setTimeout(resolve, momentMs));
    child.kill('SIGKILL');
    const [code, signal] = await exited;
    // It must have been killed, not have failed by itself.
    expect([code, signal, said.join('')]).toEqual([null, 'SIGKILL', '']);
    kills += 1;
  }
  return kills;
}

describe('a process killed at random moments, and followed by another', { timeout: 1_800_000 }, () => {
  it('drills end as passed and leave nothing, after 50 kills', async () => {
    const subject = await RecoveryWorld.create(sandbox, 'killed-drill');
    await subject.protect();
    let kills = 0;
    while (kills < KILLS) {
      const request = { kind: 'drill', point: 'latest', readAll: false, at: subject.nextSecond() } as const;
      const run = await startDrill(subject.ports, subject.world.policy, request);
      kills += await killUntilOver(subject, run);
      expect((await subject.run(run)).state).toBe('passed');
      expect(await subject.drInstances()).toEqual([]);
    }
    const secrets = await new SecretsManagerClient(clientOf(sandbox.address, DR)).send(new ListSecretsCommand({}));
    const ours = (secrets.SecretList ?? []).filter((each) => each.Name?.startsWith('hbdr-killed-drill/'));
    expect(ours).toEqual([]);
    await subject.builder.close();
  });

  it('failovers end as done with one instance and one cut-over, after 50 kills', async () => {
    let kills = 0;
    for (let n = 1; kills < KILLS; n += 1) {
      const subject = await RecoveryWorld.create(sandbox, `killed-failover${n}`);
      await subject.protect();
      const run = await subject.plannedFailover();
      kills += await killUntilOver(subject, run);
      const ended = await subject.run(run);
      expect([ended.state, ended.errors, ended.attempts.length]).toEqual(['done', [], 1]);
      expect((await subject.drInstances()).filter((name) => name.includes(run.id))).toEqual([
        `hbdr-failover-${run.id}`,
      ]);
      expect(await readDirection(subject.ports.vault)).toMatchObject({ direction: 'none', epoch: 1, failover: run.id });
      await subject.builder.close();
    }
  });
});
