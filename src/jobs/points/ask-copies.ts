import type { Uncopyable } from '../../core/artifacts/documents.ts';
import type { InventoryEntry } from '../../core/artifacts/merge-diff.ts';
import { isStillThat } from '../../core/artifacts/quarantine.ts';
import type { Point } from '../../core/points/documents.ts';
import { isInFlight } from '../../core/points/point.ts';
import { isAskedAgain } from '../../core/points/replication.ts';
import { hasCode } from '../../errors.ts';
import { measureCoverage, type ReplicaCoverage } from '../artifacts/coverage.ts';
import { readUncopyable } from '../artifacts/quarantine.ts';
import { noteUncopied } from '../artifacts/uncopied.ts';
import type { Pass } from '../pass.ts';
import { withoutKeptVersions } from './kept-versions.ts';

/** Missing artifacts that one pass looks up at the primary one by one; for more of them it lists the primary, once. */
const LOOKUPS_PER_PASS = 100;

/** The replica against the point's inventory, compared once a pass. */
export async function coverageOf(pass: Pass, point: Point): Promise<ReplicaCoverage | undefined> {
  if (point.artifacts.state !== 'listed' && point.artifacts.state !== 'replicating') return undefined;
  const known = pass.coverage.get(point.id) ?? (await measureCoverage(pass.ports, point));
  if (known && !known.uncopyable && lacking(known).length > 0) {
    const aside = await readUncopyable(pass.ports.vault);
    known.uncopyable = lacking(known)
      .filter((entry) => isAside(aside, entry))
      .map(({ key }) => key);
  }
  if (known) pass.coverage.set(point.id, known);
  return known;
}

/** Listed objects that the replica lacks, or has others of. */
const lacking = ({ missingEntries, differingEntries }: ReplicaCoverage): InventoryEntry[] => [
  ...missingEntries,
  ...differingEntries,
];

/** Whether nobody can copy the very object that was listed. */
function isAside(aside: Map<string, Uncopyable>, entry: InventoryEntry): boolean {
  const refused = aside.get(entry.key);
  return refused !== undefined && isStillThat(refused, entry);
}

type EtagAt = (entry: InventoryEntry) => Promise<string | undefined>;

/** Keys whose listed object is no longer there: deleted at the primary since, or deleted and uploaded anew. */
type Gone = { deleted: InventoryEntry[]; replaced: string[] };

async function goneAtPrimary(pass: Pass, point: Point, coverage: ReplicaCoverage): Promise<Gone> {
  const aside = new Set(coverage.uncopyable);
  const open = (entries: InventoryEntry[]) => entries.filter(({ key }) => !aside.has(key));
  const many = open(lacking(coverage)).length > LOOKUPS_PER_PASS;
  const etagAt = many ? await listedEtags(pass, point) : (entry: InventoryEntry) => etagAtPrimary(pass, point, entry);
  const deleted: InventoryEntry[] = [];
  const replaced: string[] = [];
  const differing: string[] = [];
  for (const entry of open(coverage.missingEntries)) {
    const etag = await etagAt(entry);
    if (etag === undefined) deleted.push(entry);
    else if (etag !== entry.etag) replaced.push(entry.key);
  }
  // Other points may have rows of them, and do not list them.
  await noteUncopied(
    pass.ports,
    deleted.map(({ key }) => key).filter((key) => !coverage.noted.has(key)),
  );
  for (const entry of open(coverage.differingEntries)) {
    if ((await etagAt(entry)) !== entry.etag) differing.push(entry.key);
  }
  if (replaced.length === 0) return { deleted, replaced: differing };
  // What took its place is copied like any other, unless nobody can.
  const refused = await readUncopyable(pass.ports.vault);
  return { deleted, replaced: [...differing, ...replaced.filter((key) => refused.has(key))] };
}

/**
 * Of what the primary has under the key. What it shows to nobody may be what was listed, unless an attempt to copy it since
 * then has found other bytes in its versions.
 */
async function etagAtPrimary(
  { ports }: Pass,
  { artifacts }: Point,
  entry: InventoryEntry,
): Promise<string | undefined> {
  try {
    return (await ports.primaryArtifacts.head(entry.key))?.etag;
  } catch (error) {
    if (!hasCode(error, 'UNCOPYABLE')) throw error;
    const refused = (await readUncopyable(ports.vault)).get(entry.key);
    const isOfSince = refused && artifacts.state !== 'pending' && refused.triedAt >= artifacts.listedAt;
    return (isOfSince && refused.etag) || entry.etag;
  }
}

/** The same of everything that a point of this pass lacks, from one listing. */
async function listedEtags(pass: Pass, point: Point): Promise<EtagAt> {
  const wanted = new Set([...pass.coverage.values()].flatMap((each) => lacking(each).map(({ key }) => key)));
  pass.atPrimary ??= (async () => {
    const found = new Map<string, string>();
    for await (const page of pass.ports.primaryArtifacts.pages()) {
      for (const { key, etag } of page) if (wanted.has(key)) found.set(key, etag);
    }
    return { wanted, found };
  })();
  const listed = await pass.atPrimary;
  // What another point of this pass was found to lack since is looked up.
  return async (entry) =>
    listed.wanted.has(entry.key) ? listed.found.get(entry.key) : etagAtPrimary(pass, point, entry);
}

/** Asks for the copies that are missing; what is gone at the primary too was deleted in the window. */
export async function repairReplica(pass: Pass, point: Point): Promise<Point> {
  const { ports } = pass;
  const coverage = isInFlight(point) ? await coverageOf(pass, point) : undefined;
  if (coverage && coverage.uncopied.length > 0) {
    const noted = coverage.uncopied.map((key) => ({ key }));
    coverage.uncopied = await withoutKeptVersions(ports, noted);
  }
  const aside = new Set(coverage?.uncopyable);
  const open = coverage ? coverage.missing.count + coverage.differing.count - aside.size : 0;
  if (!coverage || open === 0 || (await ports.queue.depth()) > 0) return point;
  // What was listed a moment ago is there.
  const none: Gone = { deleted: [], replaced: [] };
  const { deleted, replaced } = pass.listed.has(point.id) ? none : await goneAtPrimary(pass, point, coverage);
  const lost = await withoutKeptVersions(ports, deleted);
  pass.coverage.set(point.id, { ...coverage, deleted: [...lost, ...replaced] });
  const gone = new Set([...deleted.map(({ key }) => key), ...replaced]);
  const wanted = lacking(coverage)
    .map(({ key }) => key)
    .filter((key) => !gone.has(key) && !aside.has(key));
  if (wanted.length === 0 || !isAskedAgain(point, ports.clock())) return point;
  await ports.queue.send(wanted.map((key) => ({ kind: 'repair', key })));
  // Noted with what this pass sees last: dying before that asks twice, which is harmless.
  pass.asked.add(point.id);
  ports.log.info('queued copies', { point: point.id, count: wanted.length });
  return point;
}
