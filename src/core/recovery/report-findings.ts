import { SampleCounter } from '../artifacts/merge-diff.ts';
import { type Finding, finding } from '../findings.ts';
import type { Point } from '../points/documents.ts';
import type { Policy } from '../policy.ts';
import type { Attempt, RowComparisonResult } from './documents.ts';
import type { InspectionReport } from './report.ts';

/** Tables without which Builder serves nothing. */
const essential = ['accounts', 'origins', 'origin_packages'] as const;

/** What an alarm test plants, and must find. */
export const PLANTED = ['ARTIFACT_CORRUPT', 'ARTIFACT_MISSING', 'BUILDER_KEY_USELESS'] as const;

function many(names: string[]) {
  const counter = new SampleCounter();
  for (const name of names) counter.add(name);
  return counter.result;
}

export function rowsOf(report: InspectionReport): Record<string, number> {
  return Object.fromEntries(report.tables.flatMap(({ name, rows }) => (rows === null ? [] : [[name, rows]])));
}

/** Builder runs CREATE OR REPLACE FUNCTION next_id_v1 at every start, as the role that it logs in as. */
function ownerFindings(report: InspectionReport, role: string): Finding[] {
  const wrong = report.tables.filter((each) => each.owner !== role).map((each) => `${each.name} (${each.owner})`);
  if (report.nextId && report.nextId.owner !== role) wrong.push(`next_id_v1 (${report.nextId.owner})`);
  if (wrong.length === 0) return [];
  const text = `${wrong.length} tables and functions do not belong to ${role}: Builder cannot start`;
  return [finding('DATABASE_OWNER_WRONG', report.instance, text, many(wrong))];
}

function emptyFindings(report: InspectionReport, point: Point): Finding[] {
  const { instance, ledger, tables } = report;
  const empty = (why: string) => [finding('DATABASE_EMPTY', instance, `the database of point ${point.id} ${why}`)];
  if (!ledger) return empty('has no migration ledger: it is not a Builder database');
  if (!report.nextId) return empty('lacks the function next_id_v1');
  if (!report.extensions.includes('intarray')) return empty('lacks the extension intarray');
  const rows = rowsOf(report);
  const missing = essential.filter((name) => !tables.some((each) => each.name === name));
  if (missing.length > 0) return empty(`lacks the tables ${missing.join(', ')}`);
  const artifacts = point.artifacts.state === 'pending' ? 0 : point.artifacts.count;
  const none = essential.filter((name) => rows[name] === 0);
  if (artifacts === 0 || none.length === 0) return [];
  return empty(`is migrated, but ${none.join(', ')} have no row, while the point lists ${artifacts} artifacts`);
}

function fallFindings(report: InspectionReport, before: Record<string, number> | undefined, policy: Policy): Finding[] {
  if (!before) return [];
  const rows = rowsOf(report);
  const kept = 1 - policy.rowsFallPercent / 100;
  const fell = Object.entries(before).flatMap(([name, count]) =>
    (rows[name] ?? 0) < count * kept ? [`${name}: ${count} rows before, ${rows[name] ?? 'no table'} now`] : [],
  );
  if (fell.length === 0) return [];
  const text = `${fell.length} tables lost more than ${policy.rowsFallPercent} % of their rows since the last inspection`;
  return [finding('ROWS_FELL', report.instance, text, many(fell))];
}

function keyFindings(report: InspectionReport): Finding[] {
  return report.builderKeys.flatMap((key) => {
    const name = `bldr-${key.revision}`;
    const sealed = Object.entries(key.rows)
      .map(([table, count]) => `${count} in ${table}`)
      .join(', ');
    if (!key.escrowed)
      return [finding('BUILDER_KEY_MISSING', name, `${name} seals rows (${sealed}), and is not in escrow`)];
    if (key.opened > 0) return [];
    if (key.sealed) {
      const text = `whether ${name} from escrow opens the rows it seals (${sealed}) nobody knows: ${key.detail}`;
      return [finding('DR_KMS_UNUSABLE', name, text)];
    }
    return [
      finding(
        'BUILDER_KEY_USELESS',
        name,
        `${name} from escrow opens none of the rows it seals (${sealed}): ${key.detail}`,
      ),
    ];
  });
}

export function smokeFindings(report: InspectionReport): Finding[] {
  const failed = report.smoke.filter((each) => !each.ok);
  if (failed.length === 0) return [];
  const text = `as Builder: ${failed.map((each) => `${each.name}: ${each.detail}`).join('; ')}`;
  return [finding('BUILDER_CREDENTIALS_UNUSABLE', report.instance, text)];
}

/** What a report of a restored database says, as findings. `before`: rows by table of the last good inspection. */
export function reportFindings(
  report: InspectionReport,
  point: Point,
  before: Record<string, number> | undefined,
  policy: Policy,
): Finding[] {
  const found = [...emptyFindings(report, point), ...ownerFindings(report, policy.builder.databaseRole)];
  found.push(...fallFindings(report, before, policy), ...keyFindings(report), ...smokeFindings(report));
  if (report.conflictingSigners.length > 0) {
    const text = 'the vault holds other public keys under these names than the restored database';
    found.push(finding('SIGNER_UNKNOWN', report.instance, text, many(report.conflictingSigners)));
  }
  return found;
}

const ofComparison: readonly Finding['code'][] = [
  'ARTIFACT_MISSING',
  'ARTIFACT_UNCOPYABLE',
  'ARTIFACT_CORRUPT',
  'CHECKSUM_MISMATCH',
  'SIGNER_UNKNOWN',
  'ARTIFACT_UNVERIFIABLE',
];

/** What is known of an attempt beside its comparison, which the next one says anew. */
export function withoutComparison(findings: Finding[], point: string): Finding[] {
  return findings.filter(({ code, subject }) => !(ofComparison.includes(code) && subject === point));
}

/** What the comparison of rows and objects says, as findings. */
export function comparisonFindings(seen: RowComparisonResult, point: string): Finding[] {
  const found: Finding[] = [];
  const add = (code: Finding['code'], sampled: RowComparisonResult['missing'], text: string) => {
    if (sampled.count > 0) found.push(finding(code, point, `${sampled.count} ${text}`, sampled));
  };
  add('ARTIFACT_MISSING', seen.missing, `rows of point ${point} have no object in the replica`);
  if (seen.uncopyable) {
    add('ARTIFACT_UNCOPYABLE', seen.uncopyable, `rows of point ${point} name objects that nobody can copy as they are`);
  }
  add('ARTIFACT_CORRUPT', seen.corrupt, 'objects have bytes that fail their own hash or signature');
  add('CHECKSUM_MISMATCH', seen.checksum, 'objects are not the file whose checksum Builder recorded');
  add('SIGNER_UNKNOWN', seen.unknownSigner, 'artifacts are signed by keys that the restored database does not have');
  add(
    'ARTIFACT_UNVERIFIABLE',
    seen.unverifiable,
    'artifacts have no record of their bytes and were not read this time',
  );
  return found;
}

/** Findings with which a point cannot be trusted: a failover takes the next older one, a drill fails. */
export function isDisqualifying(each: Finding): boolean {
  return each.severity === 'critical' && each.code !== 'BUILDER_CREDENTIALS_UNUSABLE';
}

/** Whether a point is proven by it: each artifact was read once, now or when its record was made, and none is left unread. */
export const provesPoint = ({ outcome, comparison }: Attempt): boolean =>
  outcome === 'passed' && comparison !== undefined && comparison.unverifiable.count === 0;

/** What is said of an attempt that passed. */
export function passedWhy({ comparison }: Attempt): string {
  const unread = comparison?.unverifiable.count ?? 0;
  if (unread === 0) return 'everything fits together';
  return `what was read fits together; ${unread} artifacts were never read, and the point is not proven`;
}
