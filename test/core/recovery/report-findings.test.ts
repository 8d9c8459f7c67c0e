import { describe, expect, it } from 'vitest';
import { type Finding, findingRules } from '../../../src/core/findings.ts';
import type { Point } from '../../../src/core/points/documents.ts';
import type { InspectionReport } from '../../../src/core/recovery/report.ts';
import {
  comparisonFindings,
  isDisqualifying,
  reportFindings,
  rowsOf,
} from '../../../src/core/recovery/report-findings.ts';
import { point, some } from '../../setup/observations.ts';
import { testPolicy } from '../../setup/policy.ts';
import { comparison } from '../../setup/runs.ts';

type Table = InspectionReport['tables'][number];
const table = (name: string, rows: number | null = 10, owner = 'hab'): Table => ({ name, owner, rows });
const tables = ['accounts', 'origins', 'origin_packages', 'audit'].map((name) => table(name));
const key = {
  revision: '20240101000000',
  rows: { origin_secret_keys: 3, account_tokens: 2 },
  escrowed: true,
  tried: 3,
  opened: 3,
  detail: '',
};
const good: InspectionReport = {
  schema: 'inspection/1',
  run: 'drills/1.json',
  instance: 'hbdr-drill-1',
  at: '2026-11-22T15:00:00Z',
  ledger: { count: 80, newest: '20240101000000' },
  extensions: ['intarray', 'plpgsql'],
  tables,
  nextId: { owner: 'hab' },
  signers: ['core-20240101000000'],
  conflictingSigners: [],
  builderKeys: [key],
  smoke: [{ name: 'login', ok: true, detail: 'logged in' }],
};
const without = (name: string) => tables.filter((each) => each.name !== name);
const withRows = (name: string, rows: number | null) => [...without(name), table(name, rows)];
const found = (change: Partial<InspectionReport>, before?: Record<string, number>, of: Point = point) =>
  reportFindings({ ...good, ...change }, of, before, testPolicy);

describe('what an inspection says of a restored database', () => {
  it('is nothing, where everything is as Builder left it', () => {
    expect(found({}, rowsOf(good))).toEqual([]);
  });

  it.each<[string, Partial<InspectionReport>, Finding['code'], string]>([
    ['no migration ledger', { ledger: undefined }, 'DATABASE_EMPTY', 'has no migration ledger'],
    ['no next_id_v1', { nextId: undefined }, 'DATABASE_EMPTY', 'lacks the function next_id_v1'],
    ['no intarray', { extensions: ['plpgsql'] }, 'DATABASE_EMPTY', 'lacks the extension intarray'],
    ['no table of accounts', { tables: without('accounts') }, 'DATABASE_EMPTY', 'lacks the tables accounts'],
    ['no table of packages', { tables: without('origin_packages') }, 'DATABASE_EMPTY', 'the tables origin_packages'],
    ['no origin', { tables: withRows('origins', 0) }, 'DATABASE_EMPTY', 'origins have no row, while the point lists 9'],
    ['a table of another role', { tables: [...tables, table('x', 1, 'postgres')] }, 'DATABASE_OWNER_WRONG', '1 tables'],
    ['the function of another role', { nextId: { owner: 'postgres' } }, 'DATABASE_OWNER_WRONG', 'do not belong to hab'],
    [
      'a key that is not in escrow',
      { builderKeys: [{ ...key, escrowed: false, opened: 0 }] },
      'BUILDER_KEY_MISSING',
      'seals rows (3 in origin_secret_keys, 2 in account_tokens), and is not in escrow',
    ],
    [
      'a key that opens nothing',
      { builderKeys: [{ ...key, opened: 0, detail: 'wrong secret key' }] },
      'BUILDER_KEY_USELESS',
      'opens none of the rows it seals (3 in origin_secret_keys, 2 in account_tokens): wrong secret key',
    ],
    [
      'a key that could not be taken out of escrow',
      { builderKeys: [{ ...key, tried: 0, opened: 0, sealed: true, detail: 'the key is disabled' }] },
      'DR_KMS_UNUSABLE',
      'opens the rows it seals (3 in origin_secret_keys, 2 in account_tokens) nobody knows: the key is disabled',
    ],
    [
      'a login that fails',
      { smoke: [...good.smoke, { name: 'put', ok: false, detail: '403' }] },
      'BUILDER_CREDENTIALS_UNUSABLE',
      'as Builder: put: 403',
    ],
    ['another key under a name', { conflictingSigners: ['core-1'] }, 'SIGNER_UNKNOWN', 'holds other public keys'],
  ])('%s is one finding, in words', (_what, change, code, says) => {
    expect(found(change)).toEqual([expect.objectContaining({ code, text: expect.stringContaining(says) })]);
  });

  it('names what is owned by the wrong role: the first ten, and how many', () => {
    const foreign = [...Array(12).keys()].map((n) => table(`t${n}`, 1, 'restorer'));
    const [only] = found({ tables: [...tables, ...foreign] });
    expect(only).toMatchObject({ count: 12, subject: 'hbdr-drill-1' });
    expect(only?.samples?.slice(0, 2)).toEqual(['t0 (restorer)', 't1 (restorer)']);
    expect(only?.samples).toHaveLength(10);
  });

  it('an empty Builder is nothing to complain of where its point lists no artifact', () => {
    const empty: Point = { ...point, artifacts: { state: 'pending' } };
    expect(found({ tables: withRows('origin_packages', 0) }, undefined, empty)).toEqual([]);
  });

  it('a table whose rows cannot be counted is not called empty', () => {
    expect(found({ tables: withRows('accounts', null) })).toEqual([]);
  });

  it('a key that opens one of its rows is good: others may be sealed by hand', () => {
    expect(found({ builderKeys: [{ ...key, opened: 1 }] })).toEqual([]);
  });

  it.each([
    ['all of them', 100, 100, []],
    ['as many as policy lets go', 100, 80, []],
    ['one fewer than that', 100, 79, ['ROWS_FELL']],
    ['more than before', 100, 200, []],
  ])('of the rows before it finds %s: %i, then %i', (_what, before, after, codes) => {
    const change = { tables: withRows('audit', after) };
    expect(found(change, { audit: before }).map((each) => each.code)).toEqual(codes);
  });

  it('a table that is gone has lost its rows, and a new one has lost none', () => {
    const [fell] = found({ tables: without('audit') }, { audit: 10, accounts: 10 });
    expect(fell).toMatchObject({ code: 'ROWS_FELL', samples: ['audit: 10 rows before, no table now'] });
  });
});

describe('what the comparison of rows and objects says', () => {
  it.each([
    ['missing', 'ARTIFACT_MISSING', 'critical'],
    ['corrupt', 'ARTIFACT_CORRUPT', 'critical'],
    ['checksum', 'CHECKSUM_MISMATCH', 'critical'],
    ['unknownSigner', 'SIGNER_UNKNOWN', 'warning'],
    ['unverifiable', 'ARTIFACT_UNVERIFIABLE', 'warning'],
  ] as const)('%s is %s, %s, with the first names', (field, code, severity) => {
    expect(comparisonFindings({ ...comparison, [field]: some }, 'p')).toEqual([
      expect.objectContaining({ code, severity, subject: 'p', count: 3, samples: ['a', 'b', 'c'] }),
    ]);
  });

  it('what was deleted in the window, and an object without a row, are noted and no finding', () => {
    expect(comparisonFindings({ ...comparison, deletedInWindow: some, orphans: some }, 'p')).toEqual([]);
  });
});

describe('a point', () => {
  const finding = (code: Finding['code']): Finding => ({ ...findingRules[code], code, subject: 's', text: 't' });

  it('cannot be trusted with any critical finding, but for credentials that can be mended without it', () => {
    const codes = Object.keys(findingRules) as Finding['code'][];
    const critical = codes.filter((code) => findingRules[code].severity === 'critical');
    const trusted = critical.filter((code) => !isDisqualifying(finding(code)));
    expect(trusted).toEqual(['BUILDER_CREDENTIALS_UNUSABLE']);
    const others = codes.filter((code) => findingRules[code].severity !== 'critical');
    expect(others.filter((code) => isDisqualifying(finding(code)))).toEqual([]);
  });
});
