import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sodiumEngine, wasmEngine } from '../../src/adapters/hash-engines.ts';
import { KeyRing, parsePublicKey } from '../../src/hart/keys.ts';
import { HartVerifier } from '../../src/hart/verify.ts';

const folder = join(import.meta.dirname, '..', '..', '..', 'shared', 'fixtures');
const present = existsSync(join(folder, 'MANIFEST.tsv'));
if (!present) process.stderr.write(`conformance skipped: no real packages in ${folder}\n`);

type Row = { path: string; file: string; kind: string; signer: string; payload: string; verdict: string };
const rows: Row[] = !present
  ? []
  : readFileSync(join(folder, 'MANIFEST.tsv'), 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => {
        const [path = '', , , file = '', kind = '', signer = '', payload = '', , verdict = ''] = line.split('\t');
        return {
          path,
          file,
          kind,
          signer,
          payload,
          verdict: verdict.replace(/\(.*/, '').replace('HASH_MISMATCH', 'PAYLOAD_HASH_MISMATCH'),
        };
      });
const read = (path: string) => readFileSync(join(folder, path));
const engines = [await wasmEngine(2), sodiumEngine()].filter((each) => each !== undefined);

// Where the folder is absent these are skipped; CI counts a skipped test as failed.
describe.skipIf(!present)('real packages', () => {
  it('there are as many as there were, of every verdict', () => {
    const harts = rows.filter((row) => row.kind === 'hart');
    expect(harts.length).toBeGreaterThanOrEqual(29);
    expect([...new Set(harts.map((row) => row.verdict))].sort()).toEqual([
      'OK',
      'PAYLOAD_HASH_MISMATCH',
      'UNKNOWN_KEY',
    ]);
  });

  it.each(engines)('come to the verdicts and hashes that libsodium, tweetnacl and b2sum agree on: $name', (engine) => {
    const ring = new KeyRing();
    for (const { path, kind } of rows)
      if (kind === 'public key') ring.add(path.split('/').at(-1) ?? '', read(path).toString());
    const verifier = new HartVerifier(ring, engine);
    for (const { path, file, signer, payload, verdict } of rows.filter((row) => row.kind === 'hart')) {
      verifier.update(read(path));
      expect(verifier.finish(), path).toMatchObject({ verdict, signer, payloadBlake2b: payload, fileBlake2b: file });
    }
  });

  it('two packages of one ident with different bytes are told apart by the checksum', async () => {
    const engine = await wasmEngine(2);
    const name = 'neurosis-testapp-0.1.3-20171205003213-x86_64-linux.hart';
    const right = rows.find((row) => row.path === `builder/${name}`);
    const verifier = new HartVerifier(new KeyRing(), engine);
    verifier.update(read(`builder/fake/${name}`));
    expect(verifier.finish(right?.file).verdict).toBe('CHECKSUM_MISMATCH');
    verifier.update(read(`builder/${name}`));
    expect(verifier.finish(right?.file).verdict).toBe('UNKNOWN_KEY');
  });

  it('public keys are signing keys, and others are refused with what they are', () => {
    for (const { path, signer } of rows.filter((row) => row.kind === 'public key')) {
      const parsed = parsePublicKey(read(path).toString());
      if (signer === 'SIG-PUB-1') expect(parsed, path).toHaveProperty('named');
      else
        expect(parsed, path).toHaveProperty(
          'problem',
          expect.stringContaining(signer === 'BOX-PUB-1' ? 'encryption key' : 'NONSENSE-12'),
        );
    }
  });
});
