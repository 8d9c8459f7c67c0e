import { describe, expect, it } from 'vitest';
import { uncopyableSchema } from '../../../src/core/artifacts/documents.ts';
import { excusedOf } from '../../../src/core/points/excused.ts';
import { vaultKeys } from '../../../src/core/vault-layout.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { reconcile } from '../../../src/jobs/artifacts/reconcile.ts';
import { replicateBatch } from '../../../src/jobs/artifacts/replicate-batch.ts';
import { escrowKeys } from '../../../src/jobs/keys/escrow.ts';
import { capture } from '../../../src/jobs/points/capture.ts';
import { readiness } from '../../../src/jobs/readiness.ts';
import { readDocument } from '../../../src/jobs/vault/documents.ts';
import { readPoints } from '../../../src/jobs/vault/points.ts';
import { newHart, signer } from '../../setup/artifact-world.ts';
import { keyFile, newWorld, nodeFile, scheduled } from '../../setup/memory-cycle.ts';
import { testPolicy } from '../../setup/policy.ts';
import type { MemoryPorts } from '../../world/ports.ts';

const worksOf = (keys: string[]) => keys.map((key) => ({ key }));

/** Time that is never over. */
const never = new Promise<void>(() => undefined);

/** As the queue does it: batches of ten; what failed comes again, and is counted. */
async function drain(ports: MemoryPorts): Promise<number> {
  const keys = ports.queue.messages.splice(0).map(({ key }) => key);
  let failures = 0;
  for (let start = 0; start < keys.length; start += 10) {
    const errors = await replicateBatch(ports, worksOf(keys.slice(start, start + 10)), never);
    failures += errors.filter((each) => each !== undefined).length;
  }
  return failures;
}

async function toTheEnd(ports: MemoryPorts): Promise<number> {
  let failures = 0;
  for (let round = 0; round < 8; round += 1) {
    await advance(ports, testPolicy);
    ports.database.finish('snapshots');
    ports.database.finish('held');
    failures += await drain(ports);
  }
  return failures;
}

const aside = async (ports: MemoryPorts) =>
  (await readDocument(ports.vault, vaultKeys.uncopyable, uncopyableSchema))?.value.entries.map(({ key }) => key) ?? [];
const newestPoint = async (ports: MemoryPorts) => (await readPoints(ports.vault)).points.at(-1);

async function begun(...sealed: string[]) {
  const world = newWorld(0);
  const pub = { name: `${signer.name}.pub`, mode: 0o444, content: Buffer.from(signer.publicText) };
  await escrowKeys(world.ports, [keyFile, nodeFile, pub]);
  for (let n = 0; n < 25; n += 1) world.ports.primaryArtifacts.plant(`core/p${n}.hart`, await newHart());
  for (const [n, key] of sealed.entries()) {
    world.ports.primaryArtifacts.seal(key, n % 2 === 0 ? 'archived' : 'own key');
  }
  await capture(world.ports, testPolicy, scheduled);
  return world;
}

describe('artifacts that nobody can copy', () => {
  it('are set aside by name: no message fails, the point is protected and names them, and they are told', async () => {
    const { ports } = await begun('core/p1.hart', 'core/p2.hart');
    expect(await toTheEnd(ports)).toBe(0);
    expect((await aside(ports)).sort()).toEqual(['core/p1.hart', 'core/p2.hart']);
    const point = await newestPoint(ports);
    expect(point?.state).toBe('protected');
    expect([...(point ? excusedOf(point).uncopyable : [])].sort()).toEqual(['core/p1.hart', 'core/p2.hart']);
    expect(point?.history.at(-1)?.why).toContain('but for 2 that nobody can copy');
    const { findings, recoverable } = await readiness(ports, testPolicy);
    expect(recoverable).toBe(true);
    expect(findings.find((each) => each.code === 'ARTIFACT_UNCOPYABLE')).toMatchObject({
      severity: 'warning',
      count: 2,
      samples: [expect.stringContaining('core/p1.hart: '), expect.stringContaining('core/p2.hart: ')],
    });
    expect(findings.map((each) => each.code)).not.toContain('ARTIFACT_MISSING');
  });

  it('are tried once in each comparison, and never by the points that do not wait for them', async () => {
    const { ports, clock } = await begun('core/p1.hart');
    await toTheEnd(ports);
    await advance(ports, testPolicy);
    await reconcile(ports, testPolicy);
    const queued = () => ports.queue.messages.filter(({ key }) => key === 'core/p1.hart').length;
    expect(queued()).toBe(0);
    await drain(ports);
    clock.passMinutes(60);
    await reconcile(ports, testPolicy);
    expect(queued()).toBe(1);
    await drain(ports);
    await reconcile(ports, testPolicy);
    expect(queued()).toBe(0);
    const { findings } = await readiness(ports, testPolicy);
    expect(findings.map((each) => each.code)).not.toContain('REPLICATION_LAGGING');
  });

  it('are copied once they can be, and forgotten; as are those that changed or are gone', async () => {
    const { ports, clock } = await begun('core/p1.hart', 'core/p2.hart', 'core/p3.hart', 'core/p5.hart');
    await toTheEnd(ports);
    expect(await aside(ports)).toHaveLength(4);
    ports.primaryArtifacts.seal('core/p1.hart', undefined);
    ports.primaryArtifacts.lose('core/p2.hart');
    ports.primaryArtifacts.plant('core/p3.hart', Buffer.from('uploaded again'));
    clock.passMinutes(60);
    await reconcile(ports, testPolicy);
    expect((await aside(ports)).sort()).toEqual(['core/p1.hart', 'core/p5.hart']);
    expect(await drain(ports)).toBe(0);
    expect(await aside(ports)).toEqual(['core/p5.hart']);
    for (const key of ['core/p1.hart', 'core/p3.hart']) expect(await ports.replica.head(key)).toBeDefined();
  });

  it('are no concern where the replica has them already', async () => {
    const { ports } = await begun();
    await toTheEnd(ports);
    ports.primaryArtifacts.seal('core/p1.hart', 'archived');
    ports.primaryArtifacts.seal('core/p2.hart', 'own key');
    expect(await replicateBatch(ports, worksOf(['core/p1.hart', 'core/p2.hart']), never)).toEqual([
      undefined,
      undefined,
    ]);
    expect(await aside(ports)).toEqual([]);
  });

  it('do not excuse one that can be read and is not there: a point waits for that', async () => {
    const { ports } = await begun('core/p1.hart');
    const held = ports.replica.copyFrom;
    ports.replica.copyFrom = async (source, progress) => {
      if (source.entry.key === 'core/p2.hart') throw new Error('the network is down');
      return held(source, progress);
    };
    expect(await toTheEnd(ports)).toBeGreaterThan(0);
    expect(await newestPoint(ports)).toMatchObject({ state: 'listing+copying', artifacts: { missing: 1 } });
  });

  it.each(['archived', 'own key'] as const)(
    'hold up no point that listed what they took the place of (%s): it names them as gone, within minutes',
    async (how) => {
      const { ports, clock } = await begun();
      ports.database.finish('snapshots');
      clock.passMinutes(1);
      await advance(ports, testPolicy);
      ports.primaryArtifacts.plant('core/p1.hart', Buffer.from('other bytes'));
      ports.primaryArtifacts.seal('core/p1.hart', how);
      clock.passMinutes(1);
      await toTheEnd(ports);
      const deletedInWindow = ['core/p1.hart'];
      expect(await newestPoint(ports)).toMatchObject({ state: 'protected', artifacts: { deletedInWindow } });
      expect(await aside(ports)).toEqual(['core/p1.hart']);
    },
  );
});

describe('a batch', () => {
  it('goes on without the one that takes too long', async () => {
    const { ports } = newWorld(4);
    const held = ports.replica.copyFrom;
    ports.replica.copyFrom = (source, progress) =>
      source.entry.key === 'core/p2.hart' ? new Promise(() => undefined) : held(source, progress);
    const keys = [0, 1, 2, 3].map((n) => `core/p${n}.hart`);
    let others = 0;
    // Over as soon as the other three are done with, each of which is no package and says so.
    const over = new Promise<void>((resolve) => {
      const warn = (message: string) => {
        others += message === 'artifact is not verified' ? 1 : 0;
        if (others === 3) setImmediate(resolve);
      };
      ports.log = { ...ports.log, warn };
    });
    const errors = await replicateBatch(ports, worksOf(keys), over);
    expect(errors.map((each) => (each as { code?: string } | undefined)?.code)).toEqual([
      undefined,
      undefined,
      'REMOTE_FAILED',
      undefined,
    ]);
    expect(await ports.vault.list(vaultKeys.verificationLogs)).toHaveLength(1);
  });

  it('takes a large artifact that goes on later for no failure, and points have it in the end', async () => {
    const { ports } = await begun();
    Object.assign(ports.replica.limits, { partBytes: 1_000, partsPerAttempt: 2 });
    ports.primaryArtifacts.plant('core/large.hart', Buffer.alloc(6_500, 1));
    expect(await toTheEnd(ports)).toBe(0);
    expect(ports.replica.parts).toHaveLength(7);
    expect((await newestPoint(ports))?.state).toBe('protected');
    expect(await ports.vault.list(vaultKeys.unfinishedCopies)).toEqual([]);
  });
});
