import { describe, expect, it } from 'vitest';
import { decideOnBytes } from '../../../src/core/artifacts/other-bytes.ts';
import { isOtherSource } from '../../../src/core/artifacts/verification.ts';

const bytes = (fileBlake2b: string, verdict = 'OK') => ({ fileBlake2b, verdict });
const [good, other] = [bytes('a'), bytes('b')];
const bad = bytes('x', 'PAYLOAD_HASH_MISMATCH');
const strange = bytes('s', 'UNKNOWN_KEY');

describe('the bytes of the replica, and those that the primary offers', () => {
  it.each([
    ['the same', good, good, undefined, 'keep'],
    ['nothing is offered', good, undefined, undefined, 'keep'],
    ['others that verify', good, other, undefined, 'replace'],
    ['others that do not', good, bad, undefined, 'keep'],
    ['others by an unknown signer', good, strange, undefined, 'keep'],
    ['ours do not verify, the others do', bad, good, undefined, 'replace'],
    ['ours are by an unknown signer, the others verify', strange, good, undefined, 'replace'],
    ['neither verifies', bad, bytes('y', 'MALFORMED_HEADER'), undefined, 'heal'],
    ['ours do not verify, and nothing is offered', bad, undefined, undefined, 'heal'],
    ['ours are the expected ones, newer ones are offered', good, other, 'a', 'keep'],
    ['the expected ones are offered', good, other, 'b', 'replace'],
    ['the expected ones are offered by an unknown signer: the row proves them', good, strange, 's', 'replace'],
    ['neither are the expected ones', good, other, 'c', 'heal'],
    ['the expected ones do not verify', good, bad, 'x', 'heal'],
  ] as const)('%s', (_what, held, offered, expected, decision) => {
    expect(decideOnBytes(held, offered, expected)).toBe(decision);
  });
});

describe('whether the primary has something else by now', () => {
  const [before, now, later] = ['2026-11-22T10:00:00Z', '2026-11-22T12:00:00Z', '2026-11-22T14:00:00Z'];
  const held = { key: 'k', size: 3, etag: '"held"', lastModified: new Date(now) };
  const record = {
    schema: 'verified/1' as const,
    key: 'k',
    versionId: null,
    etag: '"held"',
    size: 3,
    at: now,
    verdict: 'OK',
    signer: null,
    payloadBlake2b: null,
    fileBlake2b: 'a',
    detail: null,
  };
  const known = { ...record, source: { versionId: null, etag: '"s"', size: 3, verdict: 'OK', fileBlake2b: 'a' } };
  const listed = (etag: string, size = 3, lastModified = before) => ({ etag, size, lastModified });
  it.each([
    ['no: its ETag is the one that was looked at', listed('"s"', 3, later), known, false],
    ['yes: its ETag is another, though its size and the replica’s ETag are the same', listed('"held"'), known, true],
    ['yes: its size is another', listed('"s"', 4), known, true],
    ['no: a record of before, and written before it', listed('"t"'), record, false],
    ['yes: a record of before, and written after it', listed('"t"', 3, later), record, true],
    ['no: a record of before, written after it, by the same bytes', listed('"held"', 3, later), record, false],
    ['yes: a record of before, and another size', listed('"t"', 4), record, true],
    ['no: no record, and written before the copy', listed('"t"'), undefined, false],
    ['yes: no record, and written after the copy', listed('"t"', 3, later), undefined, true],
  ])('%s', (_what, source, known, other) => {
    expect(isOtherSource(source, held, known)).toBe(other);
  });
});
