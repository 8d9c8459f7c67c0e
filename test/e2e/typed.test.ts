import { execFile } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { emailText } from '../../src/core/notices/as-email.ts';
import type { Ports } from '../../src/core/ports/all.ts';
import { isMoving } from '../../src/core/recovery/lifecycle.ts';
import { advance } from '../../src/jobs/advance.ts';
import { readDirection } from '../../src/jobs/vault/direction.ts';
import { readRun } from '../../src/jobs/vault/runs.ts';
import { RecoveryWorld } from '../setup/recovery-world.ts';
import { PRIMARY, until } from '../setup/world.ts';

let sandbox: Sandbox;
let subject: RecoveryWorld;
beforeAll(async () => {
  sandbox = await startSandbox();
  await sandbox.control.rds({ stateDelayMs: 50 });
  subject = await RecoveryWorld.create(sandbox, 'typed');
});
afterAll(async () => {
  await subject.builder.close();
  await sandbox.stop();
});

const root = join(import.meta.dirname, '..', '..');

/** A shell on the operator's machine: `builder-dr` is on the path, and its configuration where the line says. */
async function operatorTypes(
  line: string,
  { ports, world } = subject,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const bin = join(sandbox.address.folder, 'bin');
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, 'builder-dr'), `#!/bin/sh\nexec '${process.execPath}' '${root}/src/cli.ts' "$@"\n`);
  await chmod(join(bin, 'builder-dr'), 0o755);
  await writeFile(join(sandbox.address.folder, ports.site.configFile), stringify(world.config));
  const env = { ...process.env, PATH: `${bin}:${process.env['PATH']}` };
  return new Promise((resolve) => {
    execFile('sh', ['-c', line], { env, cwd: sandbox.address.folder }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });
}

it('what the message of a blocked failover says to type next, typed as it stands, takes the failover to its end', async () => {
  const { id } = await subject.protect();
  await sandbox.control.dark([{ region: PRIMARY, mode: 'reset' }]);
  const letters: string[] = [];
  const notifier: Ports['notifier'] = {
    subscribers: () => subject.ports.notifier.subscribers(),
    publish: async (message) => void letters.push(emailText(message)),
  };
  const ports: Ports = { ...subject.ports, notifier };
  const blocked = await subject.finish(await subject.startFailover({}, ports), ports);
  expect(blocked.state).toBe('blocked');

  const letter = letters.at(-1) ?? '';
  expect(letter).toContain('First: stop Builder at the primary by hand');
  const [, line = ''] = /^Type next: (.*)$/m.exec(letter) ?? [];
  expect(line).toBe(`builder-dr failover start --confirm ${id} --accept-unfenced --config sandbox.yml`);
  expect(await operatorTypes('builder-dr failover status --config sandbox.yml')).toMatchObject({
    code: 1,
    stdout: expect.stringContaining(`Type next: ${line}`),
  });
  const typed = await operatorTypes(line);
  expect({ code: typed.code, stderr: typed.stderr.includes('builder-dr:') }).toEqual({ code: 0, stderr: false });
  expect((await subject.finish(blocked, ports)).state).toBe('done');
});

it('a failover in hand whose record nobody can read is taken out of it by the line that the status names, and the next one goes to its end', async () => {
  await sandbox.control.dark([]);
  const other = await RecoveryWorld.create(sandbox, 'typed-release');
  const { ports, world } = other;
  try {
    const { id } = await other.protect();
    const types = (line: string) => operatorTypes(line, other);
    const begin = `builder-dr failover start --confirm ${id} --config sandbox.yml`;
    expect(await types(begin)).toMatchObject({ code: 0 });
    const held = (await readDirection(ports.vault)).inHand?.run ?? '';
    const key = `failovers/${held}.json`;
    await ports.vault.put(key, '{"schema":"run/1","id":', (await ports.vault.get(key))?.etag);
    const refused = await types(begin);
    const status = await types('builder-dr failover status --config sandbox.yml');
    const [, line = ''] = /start another one: (.*)$/m.exec(status.stdout) ?? [];
    expect(line).toBe(`builder-dr failover release --confirm ${held} --config sandbox.yml`);
    expect([refused.code, refused.stderr.includes(line), status.code]).toEqual([1, true, 1]);
    const released = await types(line);
    expect(released).toMatchObject({ code: 1, stdout: expect.stringContaining(`${held} is no longer in hand`) });
    const [, version = ''] = /last readable version is (\S+) of/.exec(released.stdout) ?? [];
    expect(JSON.parse((await ports.vault.getVersion(key, version)) ?? '{}')).toMatchObject({ id: held });
    const [, plan = ''] = /^Type next: (.*)$/m.exec(released.stdout) ?? [];
    const planned = await types(plan);
    const [, next = ''] = /^Type next: (.*)$/m.exec(planned.stdout) ?? [];
    expect(next).toBe(begin);
    expect(await types(next)).toMatchObject({ code: 0 });
    const begun = (await readDirection(ports.vault)).inHand?.run ?? '';
    const ended = await until(`failover ${begun}`, async () => {
      // It ends in an error as long as that record is as it is.
      await advance(ports, world.policy).catch(() => undefined);
      await world.drain();
      const run = await readRun(ports.vault, `failovers/${begun}.json`);
      return isMoving(run) ? undefined : run;
    });
    expect([begun > held, ended.state]).toEqual([true, 'done']);
    expect(await readDirection(ports.vault)).toMatchObject({ direction: 'none', failover: begun });
    expect((await ports.vault.get(key))?.body).toBe('{"schema":"run/1","id":');
    expect(await types('builder-dr failover status --config sandbox.yml')).toMatchObject({ code: 0 });
  } finally {
    await other.builder.close();
  }
});
