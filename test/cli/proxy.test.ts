import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import selfsigned from 'selfsigned';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { goesDirect } from '../../src/adapters/proxy.ts';
import { builderDr } from '../setup/command-line.ts';
import { exampleSettings, rawOf } from '../setup/example.ts';

/** What the proxy does with a request for a tunnel. */
type Behaviour = 'tunnels' | 'says nothing' | 'refuses' | 'finds nobody' | 'tunnels into nothing';

const empty = '<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>';
const sockets = new Set<Socket>();
let behaviour: Behaviour;
/** Who asked the proxy for which tunnel. */
let asked: { target: string; login: string | undefined }[];
let served: number;
let folder: string;
let aws: Server;
let proxy: Server;

const listening = (server: Server) =>
  new Promise<number>((resolve) => {
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
    });
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });

const statusOf = { refuses: '407 Proxy Authentication Required', 'finds nobody': '502 Bad Gateway' };

function tunnel(target: string, socket: Socket): void {
  if (behaviour === 'says nothing') return;
  if (behaviour === 'refuses' || behaviour === 'finds nobody') {
    socket.end(`HTTP/1.1 ${statusOf[behaviour]}\r\n\r\n`);
    return;
  }
  if (behaviour === 'tunnels into nothing') {
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    return;
  }
  const [host = '', port] = target.split(':');
  const there = connect(Number(port), host, () => {
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    there.pipe(socket).pipe(there);
  });
  sockets.add(there);
  there.on('error', () => socket.destroy());
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hbdr-proxy-'));
  const pems = await selfsigned.generate([{ name: 'commonName', value: 'localhost' }], {
    keySize: 2048,
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  });
  await writeFile(join(folder, 'ca.pem'), pems.cert);
  await writeFile(
    join(folder, 'site.yml'),
    stringify({
      ...rawOf(exampleSettings().filter((each) => each.live)),
      network: { connectTimeoutMs: 5_000, requestTimeoutMs: 6_000 },
    }),
  );
  aws = createTlsServer({ key: pems.private, cert: pems.cert }, (_request, response) => {
    served += 1;
    response.writeHead(200, { 'content-type': 'application/xml' }).end(empty);
  });
  proxy = createServer().on('connect', (request, socket) => {
    asked.push({ target: request.url ?? '', login: request.headers['proxy-authorization'] });
    tunnel(request.url ?? '', socket as Socket);
  });
  awsPort = await listening(aws);
  proxyPort = await listening(proxy);
});
let awsPort: number;
let proxyPort: number;
beforeEach(() => {
  behaviour = 'tunnels';
  asked = [];
  served = 0;
});
afterAll(async () => {
  for (const server of [aws, proxy]) server.close();
  for (const socket of sockets) socket.destroy();
  await rm(folder, { recursive: true });
});

/** `builder-dr points` of an empty vault, behind TLS. */
function points(env: Record<string, string>) {
  return builderDr(['points', '--json', '--config', join(folder, 'site.yml')], {
    env: {
      HTTPS_PROXY: `http://operator:s3cret@127.0.0.1:${proxyPort}`,
      NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
      AWS_ENDPOINT_URL: `https://127.0.0.1:${awsPort}`,
      AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'example',
      ...env,
    },
  });
}

const errorOf = ({ stdout, stderr }: { stdout: string; stderr: string }) => `${stdout}${stderr}`;

describe('the command line behind a proxy', () => {
  it('goes through it, by a tunnel, with the login of its URL', async () => {
    const { code, stdout } = await points({});
    expect([code, JSON.parse(stdout)]).toEqual([0, expect.anything()]);
    expect(served).toBeGreaterThan(0);
    const login = `Basic ${Buffer.from('operator:s3cret').toString('base64')}`;
    expect(asked[0]).toEqual({ target: `127.0.0.1:${awsPort}`, login });
  });

  it.each(['127.0.0.1', '*'])('leaves it alone for hosts that NO_PROXY names: %s', async (named) => {
    const { code } = await points({ NO_PROXY: named });
    expect([code, served > 0, asked]).toEqual([0, true, []]);
  });

  it('leaves it alone when none is named', async () => {
    const { code } = await points({ HTTPS_PROXY: '' });
    expect([code, served > 0, asked]).toEqual([0, true, []]);
  });

  it.each([
    ['says nothing', 'SITE_UNREACHABLE', ''],
    ['tunnels into nothing', 'SITE_UNREACHABLE', ''],
    ['finds nobody', 'SITE_UNREACHABLE', 'answered 502'],
    ['refuses', 'REMOTE_FAILED', 'answered 407'],
  ] as const)('ends in its time when the proxy %s, as %s', async (kind, wanted, says) => {
    behaviour = kind;
    const ran = await points({});
    expect([ran.code, served]).toEqual([3, 0]);
    expect(errorOf(ran)).toContain(wanted);
    expect(errorOf(ran)).toContain(says);
    expect(errorOf(ran)).not.toContain('s3cret');
  });

  it('names a proxy that is not there, and a variable that names none', async () => {
    const gone = await points({ HTTPS_PROXY: '127.0.0.1:1' });
    expect([gone.code, errorOf(gone)]).toEqual([
      3,
      expect.stringContaining('the proxy http://127.0.0.1:1 cannot be reached'),
    ]);
    const wrong = await points({ HTTPS_PROXY: 'socks5://operator:s3cret@proxy' });
    expect([wrong.code, errorOf(wrong)]).toEqual([2, expect.stringContaining('HTTPS_PROXY names no HTTP proxy')]);
    expect(errorOf(wrong)).not.toContain('s3cret');
  });
});

describe('NO_PROXY', () => {
  it.each([
    ['example.com', 's3.example.com', true],
    ['.example.com', 's3.example.com', true],
    ['*.example.com', 'example.com', true],
    ['example.com', 'notexample.com', false],
    ['a.com, EXAMPLE.com', 'example.COM', true],
    ['example.com:443', 'example.com', true],
    ['example.com:8443', 'example.com', false],
    ['10.0.0.1', '10.0.0.1', true],
    ['', 'example.com', false],
    [',', 'example.com', false],
    [undefined, 'example.com', false],
  ])('%s and %s: direct %s', (noProxy, host, direct) => {
    expect(goesDirect(noProxy, { host, port: 443 })).toBe(direct);
  });
});
