import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CreateDBInstanceCommand, RDSClient } from '@aws-sdk/client-rds';
import { describe, expect, it } from 'vitest';
import { clientOf } from '../../sandbox/demo/primary-site.ts';
import type { SandboxAddress } from '../../sandbox/start.ts';
import { until, untilAvailable } from '../setup/world.ts';

const serve = join(import.meta.dirname, '..', '..', 'sandbox', 'serve.ts');

/** Processes whose command line names the sandbox's folder, or that were started in it. */
function processesOf(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const told = `${readFileSync(`/proc/${pid}/cmdline`, 'utf8')}${readFileSync(`/proc/${pid}/environ`, 'utf8')}`;
        return told.includes(folder);
      } catch {
        return false; // ended while we looked
      }
    });
}

async function start(): Promise<{ child: ReturnType<typeof spawn>; address: SandboxAddress }> {
  const child = spawn(process.execPath, [serve, '--json'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line');
  const address = JSON.parse(String(line)) as SandboxAddress;
  const rds = new RDSClient(clientOf(address, 'us-east-1'));
  const settings = {
    DBInstanceClass: 'db.t4g.micro',
    Engine: 'postgres',
    MasterUsername: 'hab',
    MasterUserPassword: 'lifecycle-1',
  };
  await rds.send(new CreateDBInstanceCommand({ DBInstanceIdentifier: 'one', ...settings, AllocatedStorage: 20 }));
  await untilAvailable(rds, 'one');
  return { child, address };
}

describe('the sandbox', () => {
  it.each(['SIGINT', 'SIGKILL'] as const)('leaves no process and no file behind after %s', async (signal) => {
    const { child, address } = await start();
    expect(processesOf(address.folder).length).toBeGreaterThan(1);
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
    await until('the end of all its processes', async () => {
      return processesOf(address.folder).length === 0 && !existsSync(address.folder) ? true : undefined;
    });
  });

  it('ends when the process that started it goes away', async () => {
    const { child, address } = await start();
    child.stdin?.end();
    await once(child, 'exit');
    expect(existsSync(address.folder)).toBe(false);
  });
});
