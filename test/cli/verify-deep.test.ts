import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { compress } from '@napi-rs/lzma/xz';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packagePayload, signHart, signingKey } from '../../sandbox/seed/hart.ts';
import { SeededRandom } from '../../sandbox/seed/random.ts';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { readArchive } from '../../src/hart/archive.ts';
import { hartFileName, objectKeyOf } from '../../src/hart/ident.ts';
import { builderDr } from '../setup/command-line.ts';
import { World } from '../setup/world.ts';

const random = new SeededRandom('deep');
const signer = signingKey('core', '20240101000000', random);
const ident = { origin: 'core', name: 'zlib', version: '1.3', release: '20240101000000', target: 'x86_64-linux' };
const windows = { ...ident, target: 'x86_64-windows' };
let sandbox: Sandbox;
let world: World;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hbdr-deep-'));
  sandbox = await startSandbox();
  world = await World.create(sandbox, 'deep');
  await writeFile(join(folder, `${signer.name}.pub`), signer.publicText);
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await sandbox.stop();
});

type Document = { results: { path: string; verdict: string; detail: string | null }[]; checked: number };
async function verify(...args: string[]): Promise<{ code: number; document: Document }> {
  const env = { AWS_REGION: 'us-west-2' };
  const { code, stdout } = await builderDr(['verify', ...args, '--keys', folder, '--json'], { env });
  return { code, document: JSON.parse(stdout) as Document };
}

async function deep(name: string, payload: Uint8Array) {
  const path = join(folder, name);
  await writeFile(path, await signHart(payload, signer));
  const [result] = (await verify(path, '--deep')).document.results;
  return { verdict: result?.verdict, detail: result?.detail };
}

async function tarred(files: Record<string, string>): Promise<Buffer> {
  const tar = pack();
  for (const [name, text] of Object.entries(files)) tar.entry({ name }, text);
  tar.finalize();
  const parts: Buffer[] = [];
  for await (const part of tar) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

const inside = 'hab/pkgs/core/zlib/1.3/20240101000000';

describe('verify --deep', () => {
  it('agrees with a package whose name says what it is, also with CRLF inside', async () => {
    for (const each of [ident, windows]) {
      const payload = await packagePayload(each, random.bytes(500));
      expect(await deep(hartFileName(each), payload)).toEqual({ verdict: 'OK', detail: null });
    }
  });

  it('finds another package and another target under a name', async () => {
    const payload = await packagePayload(ident, random.bytes(10));
    expect(await deep(hartFileName({ ...ident, name: 'openssl' }), payload)).toMatchObject({
      verdict: 'IDENT_MISMATCH',
    });
    expect(await deep(hartFileName(windows), payload)).toMatchObject({
      verdict: 'TARGET_MISMATCH',
      detail: `inside it is ${hartFileName(ident)}`,
    });
  });

  it.each<[string, () => Promise<Uint8Array>, string]>([
    ['no xz', async () => random.bytes(300), 'cannot be unpacked'],
    ['nothing', async () => Buffer.alloc(0), 'cannot be unpacked'],
    [
      'an xz that ends early',
      async () => (await packagePayload(ident, random.bytes(5_000))).subarray(0, 3_000),
      'cannot be unpacked',
    ],
    ['an xz of no tar', async () => compress(random.bytes(5_000)), 'cannot be unpacked'],
    ['no IDENT', async () => compress(await tarred({ [`${inside}/TARGET`]: 'x86_64-linux' })), 'no IDENT'],
    [
      'an IDENT that names nothing',
      async () => compress(await tarred({ [`${inside}/IDENT`]: 'zlib', [`${inside}/TARGET`]: 'x' })),
      'no IDENT',
    ],
    [
      'no TARGET',
      async () => compress(await tarred({ [`${inside}/IDENT`]: 'core/zlib/1.3/20240101000000' })),
      'no TARGET',
    ],
    [
      'an endless IDENT',
      async () => compress(await tarred({ [`${inside}/IDENT`]: 'x'.repeat(5_000) })),
      'more than 4096 bytes',
    ],
  ])('calls a package with %s corrupt, though it is signed', async (_name, payload, says) => {
    expect(await deep(hartFileName(ident), await payload())).toEqual({
      verdict: 'ARCHIVE_CORRUPT',
      detail: expect.stringContaining(says),
    });
  });

  it('refuses a bomb before it has expanded', async () => {
    const program = 'import lzma,sys; sys.stdout.buffer.write(lzma.compress(bytes(300 << 20), preset=0))';
    const bomb = execFileSync('python3', ['-c', program], { maxBuffer: 1 << 20 });
    expect(bomb.length).toBeLessThan(100_000);
    async function* source() {
      yield bomb;
    }
    expect(await readArchive(source())).toEqual({
      verdict: 'ARCHIVE_CORRUPT',
      detail: 'it expands to more than 1000 times its size',
    });
  });
});

describe('verify s3://', () => {
  /** A bucket of its own, with these objects. */
  const filled = async (bucket: string, objects: Record<string, string | Buffer>) => {
    await world.s3.send(new CreateBucketCommand({ Bucket: bucket }));
    for (const [Key, Body] of Object.entries(objects))
      await world.s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));
    return bucket;
  };
  const goodHart = async () => signHart(await packagePayload(ident, random.bytes(500)), signer);
  const spoiled = (hart: Buffer) => Buffer.concat([hart, Buffer.from('x')]);

  it('verifies the packages under a prefix, each by its own verdict', async () => {
    const good = await goodHart();
    const bucket = await filled('deep-prefix', {
      [objectKeyOf(ident)]: good,
      'core/bad.hart': spoiled(good),
      'core/notes.txt': 'no package',
      'other/x.hart': 'no package either',
    });
    const { code, document } = await verify(`s3://${bucket}/core/`);
    expect([code, Object.fromEntries(document.results.map((each) => [each.path, each.verdict]))]).toEqual([
      1,
      { [`s3://${bucket}/${objectKeyOf(ident)}`]: 'OK', [`s3://${bucket}/core/bad.hart`]: 'PAYLOAD_HASH_MISMATCH' },
    ]);
    expect((await verify(`s3://${bucket}`)).document.checked).toBe(3);
  });

  it('looks into packages of a bucket, and holds them against a list', async () => {
    const bucket = await filled('deep-list', {
      [objectKeyOf(ident)]: await goodHart(),
      [objectKeyOf(windows)]: await signHart(await packagePayload(ident, random.bytes(100)), signer),
    });
    const { document } = await verify(`s3://${bucket}/core/zlib`, '--deep');
    expect(document.results.map((each) => each.verdict).sort()).toEqual(['OK', 'TARGET_MISMATCH']);
    const list = join(folder, 'list');
    await writeFile(list, `${'0'.repeat(64)}  s3://${bucket}/${objectKeyOf(ident)}\n`);
    const held = await verify(`s3://${bucket}/core/zlib`, '--checksums', list);
    expect(held.document.results.map((each) => each.verdict).sort()).toEqual(['CHECKSUM_MISMATCH', 'OK']);
  });

  it('an object whose body breaks off is unreadable, and the others are still checked', async () => {
    const good = await goodHart();
    const bucket = await filled('deep-cut', {
      [objectKeyOf(ident)]: good,
      [objectKeyOf(windows)]: good,
      'core/bad.hart': spoiled(good),
    });
    await sandbox.control.faults([{ kind: 'cut-body', action: 'GetObject', resource: 'core/bad.hart' }]);
    const { document } = await verify(`s3://${bucket}/core/`);
    await sandbox.control.faults([]);
    expect(document.results.map((each) => each.verdict).sort()).toEqual(['OK', 'OK', 'UNREADABLE']);
  });

  it('a bucket that is not there fails the run: in one document, with what was checked before', async () => {
    const alone = await verify('s3://nowhere-at-all');
    expect([alone.code, alone.document]).toEqual([1, { error: expect.objectContaining({ code: 'NOT_FOUND' }) }]);
    const path = join(folder, 'alone.hart');
    await writeFile(path, await goodHart());
    const after = await verify(path, 's3://nowhere-at-all');
    expect([after.code, after.document]).toEqual([
      1,
      expect.objectContaining({ checked: 1, error: expect.objectContaining({ code: 'NOT_FOUND' }) }),
    ]);
  });
});
