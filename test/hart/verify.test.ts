import { execFileSync } from 'node:child_process';
import { sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { blake2b256 } from '../../sandbox/seed/hart.ts';
import { sodiumEngine, wasmEngine } from '../../src/adapters/hash-engines.ts';
import { KeyRing, parsePublicKey } from '../../src/hart/keys.ts';
import { HartVerifier } from '../../src/hart/verify.ts';
import { hart, judge, keyFile, lines, payload, signer, withHeader } from './subject.ts';

const replaced = (index: number, text: string) => withHeader((line, at) => (at === index ? text : line));
const signatureOf = (message: Buffer) => Buffer.concat([sign(null, message, signer.key), message]).toString('base64');

describe('a .hart', () => {
  it('is OK, with signer and both hashes, whatever the size of the chunks', async () => {
    const expected = {
      verdict: 'OK',
      signer: signer.name,
      payloadBlake2b: await blake2b256(payload),
      fileBlake2b: await blake2b256(hart),
      detail: null,
    };
    for (const chunk of [1, 2, 7, 64, 511, hart.length]) expect(judge(hart, { chunk })).toEqual(expected);
  });

  it.each([
    ['CRLF line ends', withHeader((line) => line, '\r\n')],
    ['spaces around a line', replaced(1, `  ${signer.name}\t`)],
    ['white space in the fifth line', replaced(4, ' \t\u00a0')],
    ['white space that JavaScript does not trim', replaced(0, 'HART-1\u0085')],
  ])('tolerates %s, as hab does', (_name, bytes) => {
    expect(judge(bytes).verdict).toBe('OK');
  });

  it.each<[string, Buffer, string]>([
    ['another format', replaced(0, 'HART-2'), 'unsupported format "HART-2"'],
    ['a byte order mark', replaced(0, '\ufeffHART-1'), 'unsupported format'],
    ['a key name without revision', replaced(1, 'acme-corp'), 'named revision'],
    ['another hash type', replaced(2, 'BLAKE2B'), 'unsupported hash type'],
    ['base64 without padding', replaced(3, (lines[3] ?? '').replace(/=+$/, '')), 'line 4 is not base64'],
    ['base64 of the URL alphabet', replaced(3, `-_${(lines[3] ?? '').slice(2)}`), 'line 4 is not base64'],
    ['something in line 5', replaced(4, 'x'), 'line 5 is not empty'],
    ['bytes that are no text', Buffer.concat([Buffer.from([0xff, 0xfe, 0x0a]), hart]), 'line 1 is not UTF-8'],
    ['an empty file', Buffer.alloc(0), 'the file is empty'],
    ['an endless first line', Buffer.alloc(100_000, 0x41), 'line 1 is longer than 512 bytes'],
    [
      'an endless fourth line',
      Buffer.concat([Buffer.from('HART-1\na-20240101000000\nBLAKE2b\n'), Buffer.alloc(600, 0x41)]),
      'line 4 is longer',
    ],
  ])('with %s has a MALFORMED_HEADER, and says which', (_name, bytes, says) => {
    expect(judge(bytes)).toMatchObject({ verdict: 'MALFORMED_HEADER', detail: expect.stringContaining(says) });
    expect(judge(bytes, { chunk: 3 }).verdict).toBe('MALFORMED_HEADER');
  });

  it('cut anywhere in its header is malformed and says where; cut in its payload has another hash', () => {
    const headerEnd = hart.length - payload.length;
    for (let length = 1; length < hart.length; length += 1) {
      const { verdict } = judge(hart.subarray(0, length));
      expect(verdict, `cut at ${length}`).toBe(length < headerEnd ? 'MALFORMED_HEADER' : 'PAYLOAD_HASH_MISMATCH');
    }
    expect(judge(hart.subarray(0, 20)).detail).toBe('the file ends in line 2 of the header');
  });

  it('with one flipped bit is never OK, at every byte and every bit', () => {
    for (let at = 0; at < hart.length; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const bytes = Buffer.from(hart);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        expect(judge(bytes).verdict, `byte ${at}, bit ${bit}`).not.toBe('OK');
      }
    }
  });

  it.each<[string, string, string]>([
    ['of another key', (lines[3] ?? '').replace(/^./, (c) => (c === 'A' ? 'B' : 'A')), 'the key does not open it'],
    ['that is too short', Buffer.alloc(63).toString('base64'), 'the signature has 63 bytes'],
    ['over no text', signatureOf(Buffer.alloc(64, 0xff)), 'what is signed is not a hash'],
    ['over a shorter hash', signatureOf(Buffer.from('abc123')), 'what is signed is not a hash'],
    ['over nothing', signatureOf(Buffer.alloc(0)), 'what is signed is not a hash'],
  ])('with a signature %s has a BAD_SIGNATURE', (_name, signature, says) => {
    expect(judge(replaced(3, signature))).toMatchObject({ verdict: 'BAD_SIGNATURE', detail: says });
  });

  it('may have its hash signed in upper case', async () => {
    const upper = Buffer.from((await blake2b256(payload)).toUpperCase());
    expect(judge(replaced(3, signatureOf(upper))).verdict).toBe('OK');
  });

  it('of another payload has a PAYLOAD_HASH_MISMATCH that names the signed hash', async () => {
    const report = judge(Buffer.concat([hart, Buffer.from('x')]));
    expect(report).toMatchObject({ verdict: 'PAYLOAD_HASH_MISMATCH', detail: `signed ${await blake2b256(payload)}` });
  });

  it('is held against the checksum of its row, also when its signer is unknown', async () => {
    const right = await blake2b256(hart);
    expect(judge(hart, { checksum: right }).verdict).toBe('OK');
    expect(judge(hart, { checksum: right.toUpperCase() }).verdict).toBe('OK');
    expect(judge(hart, { checksum: right.replace(/^./, (c) => (c === '0' ? '1' : '0')) }).verdict).toBe(
      'CHECKSUM_MISMATCH',
    );
    const stranger = replaced(1, 'nobody-20240101000000');
    expect(judge(stranger).verdict).toBe('UNKNOWN_KEY');
    expect(judge(stranger, { checksum: right }).verdict).toBe('CHECKSUM_MISMATCH');
    expect(judge(Buffer.concat([hart, Buffer.from('x')]), { checksum: right }).verdict).toBe('PAYLOAD_HASH_MISMATCH');
  });
});

describe('public keys', () => {
  const material = signer.publicText.split('\n')[3] ?? '';
  const file = (version: string, named: string, key: string) => `${version}\n${named}\n\n${key}`;
  const point = (hex: string) => file('SIG-PUB-1', signer.name, Buffer.from(hex, 'hex').toString('base64'));

  it.each([
    ['an encryption key', file('BOX-PUB-1', signer.name, material), 'an encryption key'],
    ['an unknown version', file('SIG-PUB-2', signer.name, material), 'unsupported version "SIG-PUB-2"'],
    ['a version with a space', file('SIG-PUB-1 ', signer.name, material), 'unsupported version'],
    ['no revision', file('SIG-PUB-1', 'acme-corp', material), 'not a named revision'],
    ['no base64', file('SIG-PUB-1', signer.name, '***'), 'not base64'],
    ['31 bytes', file('SIG-PUB-1', signer.name, Buffer.alloc(31, 9).toString('base64')), '31 bytes, not 32'],
    ['nothing in it', '', 'unsupported version'],
    ['the identity', point(`01${'00'.repeat(31)}`), 'small order'],
    ['the zero point', point('00'.repeat(32)), 'small order'],
    ['the point of order two', point(`ec${'ff'.repeat(30)}7f`), 'small order'],
    [
      'a point of order eight',
      point('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'),
      'small order',
    ],
    [
      'the other point of order eight',
      point('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'),
      'small order',
    ],
    [
      'that point with its sign bit',
      point('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa'),
      'small order',
    ],
    ['a coordinate beyond the field', point(`ee${'ff'.repeat(30)}7f`), 'canonical'],
  ])('with %s are a BAD_KEY_FILE for the packages that name them, and for no others', (_name, text, says) => {
    expect(judge(hart, { key: text })).toMatchObject({
      verdict: 'BAD_KEY_FILE',
      detail: expect.stringContaining(says),
    });
    expect(judge(replaced(1, 'other-20240101000000'), { key: text }).verdict).toBe('UNKNOWN_KEY');
  });

  it('are read with CRLF, a last line end, and more lines after the fourth', () => {
    for (const text of [
      signer.publicText.replaceAll('\n', '\r\n'),
      `${signer.publicText}\n`,
      `${signer.publicText}\nmore\n`,
    ]) {
      expect(judge(hart, { key: text }).verdict).toBe('OK');
    }
  });

  it('go by the name inside; a file under the name of another key is bad for that name', () => {
    const ring = new KeyRing();
    ring.add('other-20240101000000.pub', signer.publicText);
    expect(ring.find(signer.name)).not.toHaveProperty('problem');
    expect(ring.find('other-20240101000000')).toHaveProperty('problem');
    ring.add(keyFile, signer.publicText);
    expect(parsePublicKey(signer.publicText)).toHaveProperty('named', signer.name);
  });
});

describe('the hash engines', () => {
  it('give what b2sum gives, and the same one as the other', async () => {
    const engines = [await wasmEngine(1), sodiumEngine()];
    for (const size of [0, 1, 127, 128, 129, 100_000]) {
      const bytes = Buffer.alloc(size, size % 251);
      const expected = execFileSync('b2sum', ['-l', '256'], { input: bytes }).toString().slice(0, 64);
      for (const engine of engines) {
        if (!engine) throw new Error('sodium-native is not installed');
        const hasher = engine.name === 'hash-wasm' ? (await wasmEngine(1)).create() : engine.create();
        hasher.update(bytes.subarray(0, size / 3));
        hasher.update(bytes.subarray(size / 3));
        expect([hasher.digestHex(), engine.name, size]).toEqual([expected, engine.name, size]);
        hasher.restart();
        hasher.update(bytes);
        expect(hasher.digestHex()).toBe(expected);
      }
    }
  });

  it('verify alike', async () => {
    const ring = new KeyRing();
    ring.add(keyFile, signer.publicText);
    const reports = [await wasmEngine(2), sodiumEngine()].map((engine) => {
      if (!engine) throw new Error('sodium-native is not installed');
      const verifier = new HartVerifier(ring, engine);
      verifier.update(hart);
      return verifier.finish();
    });
    expect(reports[0]).toEqual(reports[1]);
  });
});
