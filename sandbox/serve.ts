import { openSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DrError, describeError } from '../src/errors.ts';
import { Bridge } from './bridge.ts';
import { controlRoutes } from './control.ts';
import { Gateway } from './gateway/server.ts';
import { makeOperator } from './operator.ts';
import { freePort } from './ports.ts';
import { hasEnded, Processes } from './processes.ts';
import { sandboxPython } from './python.ts';
import { PostgresHost } from './rds/postgres.ts';
import { rdsServer } from './rds/server.ts';
import { RdsWorld } from './rds/world.ts';
import { until } from './until.ts';

const ACCOUNT = '000000000000';
const { values: flags } = parseArgs({
  options: { port: { type: 'string' }, json: { type: 'boolean', default: false } },
});

function listen(server: ReturnType<typeof rdsServer>, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

async function startMinistack(processes: Processes, folder: string, gatewayPort: number, port: number) {
  const log = openSync(join(folder, 'ministack.log'), 'a');
  const child = processes.start(sandboxPython(), ['-I', join(import.meta.dirname, 'ministack.py')], {
    stdio: ['pipe', log, log],
    env: {
      ...process.env,
      GATEWAY_PORT: String(port),
      BIND_HOST: '127.0.0.1',
      AUTH: 'true',
      LAMBDA_EXECUTOR: 'local',
      LAMBDA_STRICT: '0',
      MINISTACK_ACCOUNT_ID: ACCOUNT,
      MINISTACK_REGION: 'us-east-1',
      AWS_ENDPOINT_URL: `http://127.0.0.1:${gatewayPort}`,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      // Functions inherit it: these databases' certificate is not signed by RDS.
      BUILDER_DR_DR_DATABASE_CA_FILE: join(folder, 'database-ca.pem'),
      IOT_MTLS_ENABLED: '0',
      SFTP_ENABLED: '0',
      DOCKER_HOST: 'unix:///nonexistent',
      TMPDIR: folder,
      PATH: `${join(process.execPath, '..')}:${process.env['PATH'] ?? ''}`,
    },
  });
  const bridge = new Bridge(`http://127.0.0.1:${port}`);
  const ask = async () => {
    if (await bridge.ready()) return bridge;
    if (!hasEnded(child)) return undefined;
    throw new Error(`the AWS emulator does not start: ${readFileSync(join(folder, 'ministack.log'), 'utf8')}`);
  };
  return until('the AWS emulator', ask, { everyMs: 100 });
}

/** Starts every part and answers how to reach it and how to end it. */
async function startParts(folder: string, processes: Processes) {
  const host = new PostgresHost(folder, processes);
  const ministackPort = await freePort();
  const gatewayPort = flags.port ? Number(flags.port) : await freePort();
  const [bridge] = await Promise.all([startMinistack(processes, folder, gatewayPort, ministackPort), host.prepare()]);
  const world = new RdsWorld(host, bridge, ACCOUNT);
  const rds = rdsServer(world);
  const rdsPort = await listen(rds, 0);
  const control = controlRoutes(world, bridge, () => gateway);
  const gateway = new Gateway({ bridge, rdsPort, ministackPort, control });
  const server = gateway.listen();
  await listen(server, gatewayPort);
  const close = () => {
    world.stop();
    for (const open of [server, rds]) {
      open.close();
      open.closeAllConnections();
    }
  };
  return { endpoint: `http://127.0.0.1:${gatewayPort}`, operator: await makeOperator(bridge.endpoint), close };
}

function announce(endpoint: string, operator: { accessKeyId: string; secretAccessKey: string }): void {
  const lines = [
    'Sandbox ready: two AWS regions on this machine. Ctrl-C stops all of it.',
    '',
    `export AWS_ENDPOINT_URL=${endpoint}`,
    `export AWS_ACCESS_KEY_ID=${operator.accessKeyId}`,
    `export AWS_SECRET_ACCESS_KEY=${operator.secretAccessKey}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'hbdr-sandbox-'));
  await chmod(folder, 0o755);
  const processes = new Processes(folder);
  const { endpoint, operator, close } = await startParts(folder, processes);
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    close();
    await processes.stopAll();
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    process.exit(0);
  };
  process.on('SIGINT', () => void stop());
  process.on('SIGTERM', () => void stop());
  if (!flags.json) return announce(endpoint, operator);
  process.stdin.on('end', () => void stop()).resume(); // the parent went away
  process.stdout.write(`${JSON.stringify({ endpoint, account: ACCOUNT, folder, ...operator })}\n`);
}

main().catch((error: unknown) => {
  const hint = error instanceof DrError ? `\n  hint: ${error.hint}` : '';
  process.stderr.write(`The sandbox cannot start: ${describeError(error)}${hint}\n`);
  process.exit(1);
});
