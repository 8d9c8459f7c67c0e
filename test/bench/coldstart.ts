/**
 * What a cold start costs: `node test/bench/coldstart.ts`. From the start of a process to the end of its first event,
 * for every function that answers by itself, against an empty one that makes the very same calls: those of the real
 * one, recorded and sent again as they were. Both sides wait for the same sandbox; what differs is ours.
 */
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, request as forward, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { startSandbox } from '../../sandbox/start.ts';
import { environmentOf, World } from '../setup/world.ts';

const ROUNDS = 9;
const LIMIT = 6;
const root = join(import.meta.dirname, '..', '..');
const events: Record<string, string> = {
  capture: 'capture-manual',
  advance: 'advance',
  reconcile: 'reconcile',
  readiness: 'readiness',
  drill: 'drill',
  failover: 'failover-status',
  replicate: 'replicate',
};

type Recorded = { method: string; path: string; headers: IncomingHttpHeaders; body: string };

/** The sandbox's endpoint, once more, writing down what goes through it. */
async function recordingProxy(target: string) {
  const calls: Recorded[] = [];
  const { hostname, port } = new URL(target);
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const { method = 'GET', url: path = '/', headers } = request;
      calls.push({ method, path, headers, body: body.toString('base64') });
      const upstream = forward({ hostname, port, method, path, headers }, (reply) => {
        response.writeHead(reply.statusCode ?? 502, reply.headers);
        reply.pipe(response);
      });
      upstream.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls, server };
}

const real = (name: string, event: string) => `
const { handler } = require(${JSON.stringify(join(root, 'dist', 'functions', `${name}.js`))});
handler(${event}, { functionName: 'bench', awsRequestId: '1' }).then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });`;

/** One call after the other, over connections that are kept, as the SDK keeps them. */
const empty = (file: string, endpoint: string) => `
const http = require('node:http');
const agent = new http.Agent({ keepAlive: true });
const { hostname, port } = new URL(${JSON.stringify(endpoint)});
exports.handler = async () => {
  for (const { method, path, headers, body } of JSON.parse(require('node:fs').readFileSync(${JSON.stringify(file)}))) {
    await new Promise((resolve, reject) => {
      const call = http.request({ agent, hostname, port, method, path, headers }, (reply) => reply.resume().on('end', resolve));
      call.on('error', reject);
      call.end(Buffer.from(body, 'base64'));
    });
  }
};
exports.handler().then(() => process.exit(0));`;

function timeMs(program: string, env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    execFile(process.execPath, ['-e', program], { env, cwd: root }, (error) =>
      error ? reject(error) : resolve(performance.now() - begun),
    );
  });
}

const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

execFileSync(process.execPath, [join(root, 'bundle.mjs')]);
const sandbox = await startSandbox();
const results: Record<string, { realMs: number; emptyMs: number; calls: number; ratio: number }> = {};
try {
  const world = await World.create(sandbox, 'coldstart');
  await world.createInstance();
  const { Records } = JSON.parse(readFileSync(join(root, 'events', 'replicate.json'), 'utf8'));
  await world.upload(JSON.parse(Records[1].body).key);
  const proxy = await recordingProxy(sandbox.address.endpoint);
  const env = {
    PATH: process.env['PATH'],
    AWS_ENDPOINT_URL: proxy.endpoint,
    AWS_ACCESS_KEY_ID: sandbox.address.accessKeyId,
    AWS_SECRET_ACCESS_KEY: sandbox.address.secretAccessKey,
    ...environmentOf(world.config),
  };
  const file = join(sandbox.address.folder, 'calls.json');
  for (const [name, eventName] of Object.entries(events)) {
    const event = readFileSync(join(root, 'events', `${eventName}.json`), 'utf8');
    const times: { real: number[]; empty: number[] } = { real: [], empty: [] };
    let calls = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      proxy.calls.length = 0;
      times.real.push(await timeMs(real(name, event), env));
      writeFileSync(file, JSON.stringify(proxy.calls));
      calls = proxy.calls.length;
      times.empty.push(await timeMs(empty(file, proxy.endpoint), env));
    }
    const [realMs, emptyMs] = [median(times.real), median(times.empty)];
    results[name] = {
      realMs: Math.round(realMs),
      emptyMs: Math.round(emptyMs),
      calls,
      ratio: +(realMs / emptyMs).toFixed(2),
    };
    process.stdout.write(`${name}: ${JSON.stringify(results[name])}\n`);
  }
  proxy.server.close();
} finally {
  await sandbox.stop();
}
writeFileSync(join(import.meta.dirname, 'coldstart-results.json'), `${JSON.stringify(results, null, 2)}\n`);
const slow = Object.entries(results).filter(([, each]) => each.ratio > LIMIT);
if (slow.length > 0) {
  process.stderr.write(`more than ${LIMIT} times an empty function: ${slow.map(([name]) => name).join(', ')}\n`);
  process.exitCode = 1;
}
