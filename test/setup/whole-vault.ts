import { gzipSync } from 'node:zlib';
import type { InspectionReport } from '../../src/core/recovery/report.ts';
import { vaultKeys } from '../../src/core/vault-layout.ts';
import { replicateBatch } from '../../src/jobs/artifacts/replicate-batch.ts';
import { prune } from '../../src/jobs/points/prune.ts';
import { readiness } from '../../src/jobs/readiness.ts';
import { abortFailover } from '../../src/jobs/recovery/call-off.ts';
import { startDrill } from '../../src/jobs/recovery/drill.ts';
import { encode } from '../../src/jobs/vault/documents.ts';
import type { MemoryPorts } from '../world/ports.ts';
import {
  type ArtifactWorld,
  anHour,
  artifactWorld,
  handle,
  hashOf,
  newHart,
  protect,
  signer,
} from './artifact-world.ts';
import { finishRun, settle } from './memory-recovery.ts';
import { testPolicy } from './policy.ts';
import { start } from './recovery-requests.ts';
import { retention } from './retention.ts';

/** The common policy, with a retention that keeps all that is here but the oldest point. */
export const wholePolicy = { ...testPolicy, retention: retention({ confirmAbovePercent: 100, last: 3 }) };

/** The rows of the restored database are what the primary's bucket holds. */
function inspectRows({ ports }: ArtifactWorld): void {
  ports.inspection.answer = (report: InspectionReport): InspectionReport => {
    const key = vaultKeys.packageInventory(`${report.run.replace('s/', '-').replace('.json', '')}-1`);
    const rows = ports.primaryArtifacts.versions.all().map((each) => ({ key: each.key, body: each.body }));
    rows.sort((a, b) => (a.key < b.key ? -1 : 1));
    const packages = { key, count: rows.length };
    if (!ports.vault.documents.has(key)) void ports.vault.putBytes(key, gzipSync(rowsText.get(ports) ?? ''), undefined);
    return { ...report, signers: [signer.name], packages };
  };
}
const names = [...'abcdfghijklmno'].map((letter) => `core/${letter}.hart`);
const rowsText = new WeakMap<MemoryPorts, string>();

async function noteRows({ ports }: ArtifactWorld): Promise<void> {
  const lines: string[] = [];
  for (const each of ports.primaryArtifacts.versions.all().toSorted((a, b) => (a.key < b.key ? -1 : 1))) {
    const checksum = await hashOf(each.body);
    lines.push(`${JSON.stringify({ key: each.key, checksum })}\n`);
  }
  rowsText.set(ports, lines.join(''));
}

async function drilled(world: ArtifactWorld): Promise<string> {
  const { ports, clock } = world;
  await noteRows(world);
  const run = await startDrill(ports, testPolicy, { kind: 'drill', point: 'latest', readAll: false, at: clock.read() });
  const ended = await finishRun(ports, run);
  if (ended.state !== 'passed') throw new Error(`the drill ${ended.state}: ${JSON.stringify(ended.history.at(-1))}`);
  return run.id;
}

export type WholeVault = ArtifactWorld & {
  /** The keys of one document of each kind. */
  documents: Record<string, string>;
  /** The world as it was when it was made, whatever jobs did to it since. */
  restore: () => void;
};

const copyOf = <T extends object>(map: Map<string, T>) => new Map([...map].map(([key, value]) => [key, { ...value }]));

function refill<T extends object>(map: Map<string, T>, from: Map<string, T>): void {
  map.clear();
  for (const [key, value] of from) map.set(key, { ...value });
}

/** Remembers what jobs may change: of artifacts that is nothing here. */
function remembered({ ports, clock }: ArtifactWorld): () => void {
  const now = clock.now;
  const { vault, database, instances, queue, notifier, fence } = ports;
  const kept = [vault.documents, database.snapshots, database.held, instances.held].map((each) =>
    copyOf(each as Map<string, object>),
  );
  const state = structuredClone({ state: fence.state, policy: fence.policy });
  return () => {
    clock.now = now;
    for (const [index, map] of [vault.documents, database.snapshots, database.held, instances.held].entries())
      refill(map as Map<string, object>, kept[index] ?? new Map());
    queue.messages.length = 0;
    notifier.messages.length = 0;
    Object.assign(fence, structuredClone(state));
  };
}

/** A world whose vault has a document of every kind, each written by the job that writes it. */
export async function wholeVault(): Promise<WholeVault> {
  const world = await artifactWorld({ versions: true });
  const { ports, clock } = world;
  inspectRows(world);
  for (const name of names) ports.primaryArtifacts.plant(name, await newHart());
  await anHour(world);
  for (let n = 0; n < 3; n += 1) await protect(world);
  await anHour(world);
  // Other bytes under a name displace the good ones.
  ports.primaryArtifacts.plant('core/b.hart', await newHart());
  await anHour(world);
  await anHour(world);
  const { id: older } = await protect(world);
  const drill = await drilled(world);
  // One is deleted at the primary: it is withheld here.
  ports.primaryArtifacts.lose('core/c.hart');
  await anHour(world);
  clock.passMinutes(60);
  const { id: newest } = await protect(world);
  const failover = await start(ports, newest);
  settle(ports);
  await abortFailover(ports, testPolicy);
  settle(ports);
  await abortFailover(ports, testPolicy);
  ports.instances.held.clear();
  await anHour(world);
  await prune(ports, wholePolicy);
  clock.passMinutes(1);
  // What no reconcile has merged yet.
  ports.primaryArtifacts.plant('core/e.hart', await newHart());
  await handle(ports, 'core/e.hart');
  ports.primaryArtifacts.lose('core/d.hart');
  await replicateBatch(ports, [{ key: 'core/d.hart', event: 'Object Deleted' }], new Promise(() => undefined));
  const at = clock.read().toISOString();
  const uncopyable = { key: 'core/z.hart', etag: null, reason: 'archived', since: at, triedAt: at };
  const copy = { schema: 'copy/1', key: 'core/y.hart', source: 'x', upload: 'u', at };
  await ports.vault.put(vaultKeys.uncopyable, encode({ schema: 'uncopyable/1', entries: [uncopyable] }), undefined);
  await ports.vault.put(vaultKeys.unfinishedCopy('core/y.hart'), encode(copy), undefined);
  await readiness(ports, wholePolicy);
  clock.passMinutes(5);
  const first = (prefix: string, ends = ''): string => {
    const found = [...ports.vault.documents.keys()]
      .filter((key) => key.startsWith(prefix) && key.endsWith(ends))
      .sort();
    if (found[0] === undefined)
      throw new Error(`no document ${prefix}…${ends} in ${[...ports.vault.documents.keys()].join(' ')}`);
    return found[0];
  };
  return {
    ...world,
    restore: remembered(world),
    documents: {
      direction: vaultKeys.direction,
      'newest point': vaultKeys.point(newest),
      'older point': vaultKeys.point(older),
      'newest inventory': vaultKeys.artifactInventory(newest),
      'older inventory': vaultKeys.artifactInventory(older),
      packages: first(vaultKeys.packageInventories({ kind: 'drill', id: drill })[0] ?? ''),
      drill: vaultKeys.run('drills', drill),
      failover: vaultKeys.run('failovers', failover.id),
      'drill lease': vaultKeys.drillLease,
      report: first(vaultKeys.reportsOf({ kind: 'drill', id: drill })[0] ?? ''),
      'verified index': vaultKeys.verified,
      'verified file': first(vaultKeys.verifiedFiles),
      'verification log': first(vaultKeys.verificationLogs),
      reconcile: vaultKeys.reconcile,
      uncopyable: vaultKeys.uncopyable,
      'unfinished copy': vaultKeys.unfinishedCopy('core/y.hart'),
      deletions: vaultKeys.deletions,
      'deletions file': first(vaultKeys.deletionFiles),
      'deletion log': first(vaultKeys.deletionLogs),
      prune: vaultKeys.prune,
      archive: first(vaultKeys.archives),
      'escrowed key': first(vaultKeys.escrow),
      'node file': first(vaultKeys.nodeFiles),
      'public key': first(vaultKeys.publicKeys),
      displaced: first(vaultKeys.displaced, '.json'),
      status: vaultKeys.status,
      history: vaultKeys.history,
      page: vaultKeys.statusPage,
    },
  };
}
