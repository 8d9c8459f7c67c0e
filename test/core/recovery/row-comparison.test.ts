import { describe, expect, it } from 'vitest';
import type { VerificationRecord } from '../../../src/core/artifacts/documents.ts';
import { type KnownObject, RowComparison, rollingSample } from '../../../src/core/recovery/row-comparison.ts';

const options = {
  signers: new Set(['core-1']),
  excused: new Set(['gone']),
  stride: 0,
  offset: 0,
  readSince: undefined,
};
const record = (change: Partial<VerificationRecord> = {}): VerificationRecord => ({
  schema: 'verified/1',
  key: 'k',
  versionId: null,
  etag: '"e"',
  size: 1,
  at: '2026-11-22T00:00:00.000Z',
  verdict: 'OK',
  signer: 'core-1',
  payloadBlake2b: null,
  fileBlake2b: 'sum',
  detail: null,
  ...change,
});
const object = (key: string, known?: VerificationRecord): KnownObject => ({
  key,
  size: 1,
  etag: '"e"',
  lastModified: new Date(0),
  ...(known ? { record: known } : {}),
});
const row = { key: 'k', checksum: 'sum' };
function seen(...visits: Parameters<RowComparison['visit']>[0][]) {
  const comparison = new RowComparison(options);
  for (const each of visits) comparison.visit(each);
  const { at: _at, serial: _serial, packages, objects, byRecord, reread, ...found } = comparison.result(new Date(0));
  const names = Object.entries(found).flatMap(([name, each]) =>
    each && each.count > 0 ? [`${name} ${each.count}`] : [],
  );
  return [packages, objects, byRecord, reread, ...names];
}

describe('rows against objects', () => {
  it.each([
    ['that fit are known by their record', record(), []],
    ['with another checksum', record({ fileBlake2b: 'other' }), ['checksum 1']],
    ['with wrong bytes', record({ verdict: 'PAYLOAD_HASH_MISMATCH', fileBlake2b: 'other' }), ['corrupt 1']],
    ['signed by a key that the vault lacks', record({ verdict: 'UNKNOWN_KEY' }), ['unknownSigner 1']],
    ['signed by a key that the restored database lacks', record({ signer: 'evil-1' }), ['unknownSigner 1']],
  ])('%s', (_name, known, findings) => {
    expect(seen({ side: 'both', left: row, right: object('k', known) })).toEqual([1, 1, 1, 0, ...findings]);
  });

  it('without an object are missing, unless they were deleted in the window', () => {
    expect(seen({ side: 'left', left: row })).toEqual([1, 0, 0, 0, 'missing 1']);
    expect(seen({ side: 'left', left: { key: 'gone', checksum: null } })).toEqual([1, 0, 0, 0, 'deletedInWindow 1']);
  });

  it('objects without a row are only noted', () => {
    expect(seen({ side: 'right', right: object('x') })).toEqual([0, 1, 0, 0, 'orphans 1']);
    const comparison = new RowComparison(options);
    comparison.visit({ side: 'right', right: object('x') });
    expect(comparison.result(new Date(0)).orphans.samples).toEqual(['x']);
  });

  it('without a record are to be read, at most 200 of them, and the others are counted', () => {
    const comparison = new RowComparison(options);
    for (let n = 0; n < 250; n += 1) comparison.visit({ side: 'both', left: row, right: object('k') });
    expect([comparison.toRead.length, comparison.result(new Date(0)).unverifiable.count]).toEqual([200, 50]);
  });

  it('are all read again where that is asked for, some in each pass, and those of this run are not read twice', () => {
    const comparison = new RowComparison({ ...options, readSince: '2026-11-22T12:00:00.000Z' });
    for (let n = 0; n < 250; n += 1) comparison.visit({ side: 'both', left: row, right: object('k', record()) });
    const fresh = record({ at: '2026-11-22T12:00:01.000Z' });
    comparison.visit({ side: 'both', left: row, right: object('k', fresh) });
    expect([comparison.toRead.length, comparison.postponed]).toEqual([200, 50]);
    expect(comparison.result(new Date(0))).toMatchObject({ reread: 1, byRecord: 1 });
  });

  it('read in the very instant from which on they are to be read again count as read', () => {
    const comparison = new RowComparison({ ...options, readSince: '2026-11-22T12:00:00.000Z' });
    comparison.visit({ side: 'both', left: row, right: object('k', record({ at: '2026-11-22T12:00:00.000Z' })) });
    expect([comparison.toRead.length, comparison.result(new Date(0)).byRecord]).toEqual([0, 1]);
  });

  it('without a checksum are judged by the signature alone', () => {
    const unsummed = { key: 'k', checksum: null };
    expect(seen({ side: 'both', left: unsummed, right: object('k', record({ fileBlake2b: 'any' })) })).toEqual([
      1, 1, 1, 0,
    ]);
  });

  it('that are sampled are read again though they have a record, however many others wait', () => {
    const comparison = new RowComparison({ ...options, stride: 2, offset: 1 });
    for (let n = 0; n < 600; n += 1)
      comparison.visit({ side: 'both', left: row, right: object('k', n % 2 === 1 ? record() : undefined) });
    const sampled = comparison.toRead.filter((each) => each.sampled);
    expect([sampled.length, comparison.toRead.length]).toEqual([300, 500]);
    const known = new RowComparison({ ...options, stride: 2, offset: 1 });
    for (let n = 0; n < 10; n += 1) known.visit({ side: 'both', left: row, right: object('k', record()) });
    expect([known.toRead.length, known.result(new Date(0)).byRecord]).toEqual([5, 5]);
    const unknown = new RowComparison({ ...options, stride: 1 });
    for (let n = 0; n < 250; n += 1) unknown.visit({ side: 'both', left: row, right: object('k') });
    expect(unknown.toRead).toHaveLength(200);
  });

  it('that were thought missing are no problem once they turn out to be deleted in the window', () => {
    const comparison = new RowComparison(options);
    for (const key of ['a', 'b', 'c']) comparison.visit({ side: 'left', left: { key, checksum: null } });
    expect(comparison.problems.map((each) => [each.kind, each.key])).toEqual([
      ['missing', 'a'],
      ['missing', 'b'],
      ['missing', 'c'],
    ]);
    comparison.deletedInWindow(['b']);
    expect(comparison.result(new Date(0))).toMatchObject({
      missing: { count: 2, samples: ['a', 'c'] },
      deletedInWindow: { count: 1, samples: ['b'] },
    });
  });

  it('that are bad are remembered up to a thousand, and all of them counted', () => {
    const comparison = new RowComparison(options);
    for (let n = 0; n < 1_005; n += 1) comparison.visit({ side: 'left', left: { key: `k${n}`, checksum: null } });
    expect([comparison.problems.length, comparison.result(new Date(0)).missing.count]).toEqual([1_000, 1_005]);
  });

  it('whose bytes could not be read are counted, and those that were read', () => {
    const comparison = new RowComparison(options);
    comparison.unread('k');
    comparison.reread();
    expect(comparison.result(new Date(0))).toMatchObject({ unverifiable: { count: 1, samples: ['k'] }, reread: 1 });
  });

  it('are read again by a sample that moves on with each drill and reaches every row', () => {
    const total = 1_000;
    const reached = new Set<number>();
    for (let serial = 0; serial < 20; serial += 1) {
      const { stride, offset } = rollingSample(total, 50, serial);
      const rows = [...Array(total).keys()].filter((n) => n % stride === offset);
      expect(rows).toHaveLength(50);
      for (const n of rows) reached.add(n);
    }
    expect(reached.size).toBe(total);
    expect(rollingSample(0, 50, 1)).toEqual({ stride: 0, offset: 0 });
    expect(rollingSample(10, 0, 1)).toEqual({ stride: 0, offset: 0 });
  });
});
