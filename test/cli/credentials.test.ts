import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builderDr } from '../setup/command-line.ts';

const example = join(import.meta.dirname, '..', '..', 'config', 'example.yml');
let home: string;
let server: Server;
let refusal = { xml: '', json: '' };

/** As each protocol says it: JSON with a target, a query with a form, S3 with neither. */
function answer(request: IncomingMessage): { status: number; type: string; body: string } {
  const message = 'The security token included in the request is not good';
  if (request.headers['x-amz-target']) {
    const body = JSON.stringify({ __type: `com.amazon.coral.service#${refusal.json}`, message });
    return { status: 400, type: 'application/x-amz-json-1.1', body };
  }
  const error = `<Error><Type>Sender</Type><Code>${refusal.xml}</Code><Message>${message}</Message></Error>`;
  const isQuery = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded');
  return { status: 403, type: 'text/xml', body: isQuery ? `<ErrorResponse>${error}</ErrorResponse>` : error };
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'hbdr-home-'));
  server = createServer((request, response) => {
    const { status, type, body } = answer(request);
    request.resume().on('end', () => response.writeHead(status, { 'content-type': type }).end(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  server.close();
  await rm(home, { recursive: true });
});

/** A machine where nobody has logged in. */
const bare = () => ({
  HOME: home,
  AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  AWS_EC2_METADATA_DISABLED: 'true',
  ...Object.fromEntries(
    ['ACCESS_KEY_ID', 'SECRET_ACCESS_KEY', 'SESSION_TOKEN', 'PROFILE', 'REGION', 'DEFAULT_REGION'].map((each) => [
      `AWS_${each}`,
      undefined,
    ]),
  ),
});

describe('credentials of AWS', () => {
  it.each([
    ['none', {}],
    ['a profile that is not there', { AWS_PROFILE: 'nobody' }],
  ])('%s: says what to set, exit code 2', async (_name, env) => {
    const { code, stdout, stderr } = await builderDr(['points', '--json', '--config', example], {
      env: { ...bare(), ...env },
    });
    expect([code, JSON.parse(stdout).error.code]).toEqual([2, 'CREDENTIALS_MISSING']);
    for (const each of ['AWS_PROFILE', 'aws sso login', 'AWS_ACCESS_KEY_ID']) expect(stderr).toContain(each);
  });

  it.each([
    ['ExpiredToken', 'ExpiredTokenException'],
    ['RequestExpired', 'ExpiredTokenException'],
    ['InvalidClientTokenId', 'UnrecognizedClientException'],
    ['InvalidAccessKeyId', 'InvalidSignatureException'],
  ])('%s, %s: says that they may be expired, exit code 2', async (xml, json) => {
    refusal = { xml, json };
    const env = { ...bare(), AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_SESSION_TOKEN: 'c' };
    const points = await builderDr(['points', '--json', '--config', example], { env });
    expect([points.code, JSON.parse(points.stdout).error]).toEqual([
      2,
      {
        code: 'CREDENTIALS_REFUSED',
        subject: expect.any(String),
        message: expect.stringContaining(xml),
        hint: expect.stringContaining('They may be expired'),
      },
    ]);
    const doctor = await builderDr(['doctor', '--json', '--config', example], { env });
    const checks = JSON.parse(doctor.stdout).checks as { name: string; detail: string; hint?: string }[];
    const others = checks.filter((each) => !each.hint?.startsWith('They may be expired'));
    expect(others.map((each) => each.name)).toEqual(['hash engine', "Builder's own credentials", 'login by IAM']);
  });

  it('a bucket without a region to begin with: says what to set, exit code 2', async () => {
    const env = { ...bare(), AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
    const { code, stdout } = await builderDr(['verify', 's3://some-bucket', '--json'], { env });
    expect([code, JSON.parse(stdout).error]).toEqual([
      2,
      { code: 'BAD_CONFIG', message: expect.any(String), hint: expect.stringContaining('AWS_REGION') },
    ]);
  });
});
