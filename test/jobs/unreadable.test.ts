import { beforeAll, describe, expect, it } from 'vitest';
import { statusSchema } from '../../src/core/readiness/documents.ts';
import { vaultKeys } from '../../src/core/vault-layout.ts';
import { DrError } from '../../src/errors.ts';
import { advance } from '../../src/jobs/advance.ts';
import { reconcile } from '../../src/jobs/artifacts/reconcile.ts';
import { replicateBatch } from '../../src/jobs/artifacts/replicate-batch.ts';
import { doctor } from '../../src/jobs/doctor.ts';
import { checkKeys } from '../../src/jobs/keys/restore.ts';
import { capture } from '../../src/jobs/points/capture.ts';
import { planPrune, prune } from '../../src/jobs/points/prune.ts';
import { readiness } from '../../src/jobs/readiness.ts';
import { startDrill } from '../../src/jobs/recovery/drill.ts';
import { planFailover, startFailover } from '../../src/jobs/recovery/failover.ts';
import { failoverStatus } from '../../src/jobs/recovery/leftovers.ts';
import { damage, damages } from '../setup/damage.ts';
import { settle } from '../setup/memory-recovery.ts';
import { type WholeVault, wholePolicy, wholeVault } from '../setup/whole-vault.ts';
import type { MemoryPorts } from '../world/ports.ts';

let world: WholeVault;
beforeAll(async () => {
  world = await wholeVault();
});

async function passes(ports: MemoryPorts, count: number): Promise<void> {
  let failure: unknown;
  for (let n = 0; n < count; n += 1) {
    await advance(ports, wholePolicy).catch((error: unknown) => {
      failure ??= error;
    });
    settle(ports);
  }
  if (failure !== undefined) throw failure;
}

type Job = (ports: MemoryPorts) => Promise<unknown>;
const jobs: Record<string, Job> = {
  advance: (ports) => advance(ports, wholePolicy),
  readiness: (ports) => readiness(ports, wholePolicy),
  reconcile: (ports) => reconcile(ports, wholePolicy),
  replicate: async (ports) => {
    const works = [{ key: 'core/a.hart' }, { key: 'core/n.hart', event: 'Object Created' as const }];
    const errors = await replicateBatch(ports, works, new Promise(() => undefined));
    for (const error of errors) if (error !== undefined) throw error;
  },
  prune: (ports) => prune(ports, wholePolicy),
  'prune --dry-run': (ports) => planPrune(ports, wholePolicy),
  capture: async (ports) => {
    await capture(ports, wholePolicy, { kind: 'manual', at: ports.clock() });
    await passes(ports, 4);
  },
  'failover plan': (ports) => planFailover(ports, wholePolicy, { point: 'latest', planned: false }),
  'failover start': async (ports) => {
    const { confirm } = await planFailover(ports, wholePolicy, { point: 'latest', planned: false });
    const request = { point: 'latest', planned: false, acceptUnfenced: false, acceptFindings: false };
    await startFailover(ports, wholePolicy, { ...request, confirm: confirm ?? 'none' });
    await passes(ports, 4);
  },
  'failover status': (ports) => failoverStatus(ports),
  drill: async (ports) => {
    await startDrill(ports, wholePolicy, { kind: 'drill', point: 'latest', readAll: true, at: ports.clock() });
    await passes(ports, 5);
  },
  doctor: (ports) => doctor(ports, wholePolicy),
  'keys check': (ports) => checkKeys(ports),
};

type Tried = { result: unknown; error: unknown; logs: string; read: Set<string> };

/** Runs a job over ports that note what is read of the vault, and what is logged. */
async function tried(job: Job): Promise<Tried> {
  const { ports } = world;
  const seen: Tried = { result: undefined, error: undefined, logs: '', read: new Set() };
  const vault = new Proxy(ports.vault, {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown;
      if (typeof value !== 'function' || !['get', 'getBytes', 'openStream'].includes(String(name))) return value;
      return (key: string) => {
        seen.read.add(key);
        return (value as (key: string) => unknown)(key);
      };
    },
  });
  const note = (message: string, more?: unknown) => {
    seen.logs += `${message} ${JSON.stringify(more)}\n`;
  };
  try {
    seen.result = await job({ ...ports, vault, log: { info: note, warn: note } });
  } catch (error) {
    seen.error = error;
  }
  return seen;
}

const told = (error: unknown): string =>
  error instanceof Error ? `${error.message} ${(error as DrError).subject ?? ''} ${told(error.cause)}` : '';

/** Whether these very bytes are where they were, or were set aside. */
function isKept(key: string, body: Buffer | undefined): boolean {
  if (body === undefined || key === vaultKeys.statusPage) return true;
  const { documents } = world.ports.vault;
  if (documents.get(key)?.body.equals(body)) return true;
  return [...documents].some(([each, held]) => each.startsWith('unreadable/') && held.body.equals(body));
}

/** Documents of which nothing is known when they are gone: they may never have been there. */
const mustBeThere = /^(inventory|verified\/all|deletions\/all|reports)/;
/** Not documents with a schema: a public key that is none is a verdict of the artifacts it signed; the page is drawn anew. */
const isNoDocument = (key: string) => key.startsWith(vaultKeys.publicKeys) || key === vaultKeys.statusPage;
/** While any of these cannot be read, nobody says that a failover would succeed. */
const blocking = /^(direction|drills|failovers|keys\/escrow|inventory\/.*artifacts|verified.json|verified\/all)/;

/** Jobs that nothing but these keys may stop: people hear from readiness, and bytes come by the comparison. */
const goesOn: Record<string, (key: string) => boolean> = {
  readiness: () => true,
  reconcile: (key) => key !== vaultKeys.direction,
  replicate: () => true,
  doctor: () => true,
  'failover status': () => true,
  drill: (key) => key === vaultKeys.drillLease,
};

const isBroken = (key: string, how: string) => !isNoDocument(key) && (how !== 'gone' || mustBeThere.test(key));

async function statusNow() {
  const found = await world.ports.vault.get(vaultKeys.status);
  return statusSchema.parse(JSON.parse(found?.body ?? '{}'));
}

async function problemsOf(key: string, how: string, name: string, job: Job): Promise<string[]> {
  world.restore();
  const problems: string[] = [];
  const body = damage(world.ports, key, how);
  const { result, error, logs, read } = await tried(job);
  if (error !== undefined && !(error instanceof DrError)) problems.push(`a bare error: ${String(error)}`);
  const names = `${told(error)} ${logs} ${JSON.stringify(result)}`.includes(key);
  if (error instanceof DrError && !names) problems.push(`an error that does not name it: ${error.message}`);
  if (isBroken(key, how) && read.has(key) && !names) problems.push('read it, and did not name it');
  if (error !== undefined && goesOn[name]?.(key)) problems.push(`it dies of it: ${String(error)}`);
  if (!isKept(key, body)) problems.push('what was there is nowhere any more');
  if (name === 'readiness') problems.push(...(await readinessProblems(key, how, read.has(key))));
  return problems.map((each) => `${how} × ${name}: ${each}`);
}

async function readinessProblems(key: string, how: string, read: boolean): Promise<string[]> {
  let status: Awaited<ReturnType<typeof statusNow>>;
  try {
    status = await statusNow();
  } catch {
    return ['published no status'];
  }
  if (status.at !== world.clock.now.toISOString()) return ['published no status'];
  const problems: string[] = [];
  const named = status.findings.some(({ code, subject }) => code === 'VAULT_UNREADABLE' && subject === key);
  if (isBroken(key, how) && read && !named) problems.push('the status does not name it');
  if (isBroken(key, how) && read && blocking.test(key) && status.recoverable) problems.push('recoverable');
  return problems;
}

/** What the other jobs found is told by the next readiness, whoever sees it. */
async function untold(key: string, how: string): Promise<string[]> {
  world.restore();
  damage(world.ports, key, how);
  const read = new Set<string>();
  for (const name of ['advance', 'reconcile', 'prune'] as const) {
    for (const each of (await tried(jobs[name] as Job)).read) read.add(each);
  }
  await tried(jobs['readiness'] as Job);
  return (await readinessProblems(key, how, read.has(key))).map(
    (each) => `${how} × readiness after the others: ${each}`,
  );
}

const kinds = [
  'direction',
  'newest point',
  'older point',
  'newest inventory',
  'older inventory',
  'packages',
  'drill',
  'failover',
  'drill lease',
  'report',
  'verified index',
  'verified file',
  'verification log',
  'reconcile',
  'uncopyable',
  'unfinished copy',
  'deletions',
  'deletions file',
  'deletion log',
  'prune',
  'archive',
  'escrowed key',
  'node file',
  'public key',
  'displaced',
  'status',
  'history',
  'page',
];

/** Not yet. */
const open = ['verified index', 'verified file'];

describe('a document that cannot be read, of every kind and in every way', () => {
  it('is one of these kinds', () => {
    expect(Object.keys(world.documents)).toEqual(kinds);
  });

  it.each(Object.keys(jobs))('%s does its work where all can be read', async (name) => {
    world.restore();
    expect((await tried(jobs[name] as Job)).error).toBeUndefined();
  });

  it.each(kinds.filter((each) => !open.includes(each)))(
    '%s: each job does its work and names it, or refuses by its name; nothing is overwritten',
    async (kind) => {
      const key = world.documents[kind] ?? '';
      const problems: string[] = [];
      for (const how of Object.keys(damages)) {
        for (const [name, job] of Object.entries(jobs)) problems.push(...(await problemsOf(key, how, name, job)));
        problems.push(...(await untold(key, how)));
      }
      expect(problems).toEqual([]);
    },
  );
});
