import { describe, expect, it } from 'vitest';
import type { VerificationRecord } from '../../../src/core/artifacts/documents.ts';
import {
  isDamaged,
  newestByKey,
  stillHolds,
  succeeding,
  VerifiedCount,
} from '../../../src/core/artifacts/verification.ts';

const at = '2026-11-22T12:00:00.000Z';
const minutesBefore = (minutes: number) => new Date(new Date(at).getTime() - minutes * 60_000);
const record = (change: Partial<VerificationRecord> = {}): VerificationRecord => ({
  schema: 'verified/1',
  key: 'k',
  versionId: null,
  etag: '"e"',
  size: 7,
  at,
  verdict: 'OK',
  signer: 'core-1',
  payloadBlake2b: null,
  fileBlake2b: 'sum',
  detail: null,
  ...change,
});
const entry = { key: 'k', size: 7, etag: '"e"', lastModified: new Date(0) };

describe('a record of bytes', () => {
  const long = minutesBefore(60);
  it.each([
    ['of these very bytes', record(), long, true],
    ['of other bytes', record({ etag: '"f"' }), long, false],
    ['of another size', record({ size: 8 }), long, false],
    ['that is good, whatever keys came since', record(), minutesBefore(-60), true],
    ['that is damaged, whatever keys came since', record({ verdict: 'BAD_SIGNATURE' }), minutesBefore(-60), true],
    ['that lacked a key, the keys being those of then', record({ verdict: 'UNKNOWN_KEY' }), long, true],
    ['that lacked a key, and one came since', record({ verdict: 'UNKNOWN_KEY' }), minutesBefore(-1), false],
    ['that lacked a key, and one came as it was made', record({ verdict: 'UNKNOWN_KEY' }), minutesBefore(4), false],
    ['that lacked a key, and one came well before', record({ verdict: 'UNKNOWN_KEY' }), minutesBefore(5), true],
    ['that had a bad key, and another came since', record({ verdict: 'BAD_KEY_FILE' }), minutesBefore(-1), false],
  ])('%s', (_what, known, keysChangedAt, holds) => {
    expect(stillHolds(known, entry, keysChangedAt)).toBe(holds);
  });

  it.each([
    ['OK', false],
    ['UNKNOWN_KEY', false],
    ['BAD_KEY_FILE', false],
    ['MALFORMED_HEADER', true],
    ['BAD_SIGNATURE', true],
    ['PAYLOAD_HASH_MISMATCH', true],
  ])('%s says that the bytes are wrong, whoever signed them: %s', (verdict, damaged) => {
    expect(isDamaged({ verdict })).toBe(damaged);
  });

  it('gives way to a newer one of its key, in whatever order they come; of two of one instant the later read counts', () => {
    const older = record({ at: '2026-11-22T11:00:00.000Z', verdict: 'UNKNOWN_KEY' });
    const other = record({ key: 'other' });
    for (const records of [
      [older, record(), other],
      [other, record(), older],
    ]) {
      expect(Object.fromEntries(newestByKey(records))).toEqual({ k: record(), other });
    }
    expect(newestByKey([record(), record({ detail: 'again' })]).get('k')?.detail).toBe('again');
  });
});

describe('a new record over an old one of the same key', () => {
  const source = { versionId: 'v1', etag: '"source"', size: 3, verdict: 'OK', fileBlake2b: 'sum' };
  const old: VerificationRecord = { ...record(), source, formerEtags: ['"older"'] };

  it('keeps what only the old one knows of the primary, when the same bytes were read again without it', () => {
    expect(succeeding(old, record())).toMatchObject({ source, formerEtags: ['"older"'] });
  });

  it('remembers what the primary had before, when it has another object and these bytes stay', () => {
    const next = { ...record(), source: { ...source, etag: '"next"' } };
    expect(succeeding(old, next)).toMatchObject({ source: next.source, formerEtags: ['"source"', '"older"'] });
  });

  it('knows nothing of the primary that was known of other bytes', () => {
    const next = record({ fileBlake2b: 'another' });
    expect(succeeding(old, next)).toEqual(next);
  });

  it('remembers ten, and no more', () => {
    let now = old;
    for (let n = 0; n < 20; n += 1) now = succeeding(now, { ...old, source: { ...source, etag: `"${n}"` } });
    expect([now.formerEtags?.length, now.formerEtags?.[0]]).toEqual([10, '"18"']);
  });
});

describe('the count of what is known of the replica', () => {
  it('puts every artifact in one class, adds up bytes that are good, and keeps when the oldest unknown one came', () => {
    const count = new VerifiedCount();
    count.holds(record());
    count.holds(record({ size: 5 }));
    count.holds(record({ key: 'bad', verdict: 'PAYLOAD_HASH_MISMATCH' }));
    count.holds(record({ key: 'strange', verdict: 'UNKNOWN_KEY' }));
    count.unverified({ key: 'late', lastModified: new Date(2_000) });
    count.unverified({ key: 'early', lastModified: new Date(1_000) });
    count.unverified({ key: 'between', lastModified: new Date(1_500) });
    expect(count.result('verified/1', new Date(at))).toEqual({
      schema: 'verified-index/1',
      at,
      key: 'verified/1',
      ok: 2,
      okBytes: 12,
      damaged: { count: 1, samples: ['bad'] },
      unknownSigner: { count: 1, samples: ['strange'] },
      unverified: { count: 3, samples: ['late', 'early', 'between'] },
      oldestUnverifiedAt: '1970-01-01T00:00:01.000Z',
    });
  });

  it('says no instant where everything is known', () => {
    expect(new VerifiedCount().result('k', new Date(at))).not.toHaveProperty('oldestUnverifiedAt');
  });
});
