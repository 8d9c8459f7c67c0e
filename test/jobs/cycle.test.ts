import { describe, expect, it } from 'vitest';
import { DrError } from '../../src/errors.ts';
import { advance } from '../../src/jobs/advance.ts';
import { readInventory } from '../../src/jobs/artifacts/inventory.ts';
import { reconcile } from '../../src/jobs/artifacts/reconcile.ts';
import { escrowKeys } from '../../src/jobs/keys/escrow.ts';
import { acceptPoint } from '../../src/jobs/points/accept.ts';
import { capture } from '../../src/jobs/points/capture.ts';
import { readiness } from '../../src/jobs/readiness.ts';
import { readPoints } from '../../src/jobs/vault/points.ts';
import { dyingPorts, Killed } from '../setup/dying.ts';
import { drain, keyFile, newWorld, nodeFile, runToEnd, scheduled, states } from '../setup/memory-cycle.ts';
import { testPolicy } from '../setup/policy.ts';
import type { MemoryPorts } from '../world/ports.ts';

describe('the cycle of a recovery point', () => {
  it('goes from a capture to protected, and turns the tick on and off', async () => {
    const { ports } = newWorld();
    await escrowKeys(ports, [keyFile, nodeFile]);
    await capture(ports, testPolicy, scheduled);
    expect(ports.signals.tick).toBe(true);
    await runToEnd(ports);
    expect(await states(ports)).toEqual(['20261122t140000z protected']);
    expect(ports.signals.tick).toBe(false);
    expect(ports.signals.events.map((each) => each.detail['state'])).toEqual([
      'capturing',
      'captured',
      'listing+copying',
      'protected',
    ]);
  });

  it('a doubled capture event makes one point', async () => {
    const { ports } = newWorld();
    await Promise.all([capture(ports, testPolicy, scheduled), capture(ports, testPolicy, scheduled)]);
    await capture(ports, testPolicy, { ...scheduled, at: new Date('2026-11-22T14:04:00Z') });
    expect(await states(ports)).toEqual(['20261122t140000z capturing']);
    expect(ports.database.snapshots.size).toBe(1);
  });

  it('a capture by hand in a captured slot makes a second point', async () => {
    const { ports } = newWorld();
    await capture(ports, testPolicy, scheduled);
    await capture(ports, testPolicy, { kind: 'manual', at: new Date('2026-11-22T14:04:00Z') });
    expect(await states(ports)).toEqual(['20261122t140000z capturing', '20261122t140400z capturing']);
  });

  it('a capture by hand at the very second of the slot is not folded into it', async () => {
    const { ports } = newWorld();
    await capture(ports, testPolicy, scheduled);
    const point = await capture(ports, testPolicy, { kind: 'manual', at: new Date('2026-11-22T14:00:00Z') });
    expect(point.id).toBe('20261122t140001z');
    expect(ports.database.snapshots.size).toBe(2);
  });

  it('a scheduled event that comes after its slot makes no point, and says why', async () => {
    const { ports } = newWorld();
    const late = capture(ports, testPolicy, { kind: 'scheduled', at: new Date('2026-11-22T12:30:00Z') });
    await expect(late).rejects.toMatchObject({ code: 'SLOT_OVER' });
    expect(await states(ports)).toEqual([]);
  });

  it('a busy instance is tried again by advance until the slot is over', async () => {
    const { ports, clock } = newWorld();
    ports.database.refuse.capture = new DrError('INVALID_STATE', 'the instance is modifying');
    expect((await capture(ports, testPolicy, scheduled)).state).toBe('capturing');
    clock.passMinutes(5);
    await advance(ports, testPolicy);
    ports.database.refuse.capture = undefined;
    await advance(ports, testPolicy);
    expect(ports.database.snapshots.size).toBe(1);

    ports.database.refuse.capture = new DrError('INVALID_STATE', 'the instance is modifying');
    await capture(ports, testPolicy, { kind: 'scheduled', at: new Date('2026-11-22T14:10:00Z') });
    await capture(ports, testPolicy, { kind: 'manual', at: clock.now });
    clock.passMinutes(90);
    await advance(ports, testPolicy);
    expect((await states(ports)).at(-1)).toBe('20261122t141000z failed');
  });

  it('lists the artifacts only after the snapshot is available', async () => {
    const { ports } = newWorld(2);
    await capture(ports, testPolicy, scheduled);
    await advance(ports, testPolicy);
    ports.primaryArtifacts.plant('core/while-creating.hart', Buffer.from('late'));
    ports.database.finish('snapshots');
    await advance(ports, testPolicy);
    const keys: string[] = [];
    for await (const page of readInventory(ports.vault, 'inventory/20261122t140000z.artifacts.ndjson.gz')) {
      keys.push(...page.map((entry) => entry.key));
    }
    expect(keys).toContain('core/while-creating.hart');
  });

  it('two concurrent advance runs lose no update', async () => {
    const { ports } = newWorld();
    await escrowKeys(ports, [keyFile, nodeFile]);
    await capture(ports, testPolicy, scheduled);
    for (let round = 0; round < 6; round += 1) {
      await Promise.all([advance(ports, testPolicy), advance(ports, testPolicy), advance(ports, testPolicy)]);
      ports.database.finish('snapshots');
      ports.database.finish('held');
      await drain(ports);
    }
    const [point] = (await readPoints(ports.vault)).points;
    expect(point?.state).toBe('protected');
    expect(point?.history.map((each) => each.state)).toEqual(['capturing', 'captured', 'listing+copying', 'protected']);
    expect(ports.database.held.size).toBe(1);
  });

  it('a copy that fails with SnapshotQuotaExceeded waits, and is no finding until it is overdue', async () => {
    const { ports, clock } = newWorld();
    await escrowKeys(ports, [keyFile, nodeFile]);
    await capture(ports, testPolicy, scheduled);
    await runToEnd(ports);
    await capture(ports, testPolicy, { kind: 'manual', at: clock.now });
    ports.database.refuse.copy = new DrError('QUOTA_EXCEEDED', 'Cannot create more than 100 manual snapshots');
    await runToEnd(ports);
    const codes = async () => (await readiness(ports, testPolicy)).findings.map((each) => each.code);
    clock.passMinutes(30);
    await reconcile(ports, testPolicy);
    await capture(ports, testPolicy, { kind: 'scheduled', at: clock.now });
    expect(await codes()).toEqual([]);
    clock.passMinutes(31);
    expect(await codes()).toContain('COPY_STUCK');
    ports.database.refuse.copy = undefined;
    await runToEnd(ports);
    expect(await codes()).not.toContain('COPY_STUCK');
  });

  it('a copy that is not allowed is a finding at once, fails the run so that it rings, and goes on with the right', async () => {
    const { ports } = newWorld();
    await escrowKeys(ports, [keyFile, nodeFile]);
    await capture(ports, testPolicy, scheduled);
    ports.database.finish('snapshots');
    ports.database.refuse.copy = new DrError('ACCESS_DENIED', 'not authorized to perform rds:CopyDBSnapshot');
    await expect(advance(ports, testPolicy)).rejects.toMatchObject({ code: 'PARTIAL_FAILURE' });
    const { findings } = await readiness(ports, testPolicy);
    expect(findings.find((each) => each.code === 'RIGHT_MISSING')?.text).toContain('rds:CopyDBSnapshot');
    ports.database.refuse.copy = undefined;
    await runToEnd(ports);
    expect(await states(ports)).toEqual(['20261122t140000z protected']);
    expect((await readiness(ports, testPolicy)).findings.map((each) => each.code)).not.toContain('RIGHT_MISSING');
  });

  it('never has more copies in flight than AWS allows', async () => {
    const { ports, clock } = newWorld(1);
    for (let n = 0; n < 4; n += 1) {
      clock.passMinutes(1);
      await capture(ports, testPolicy, { kind: 'manual', at: clock.now });
    }
    ports.database.finish('snapshots');
    await advance(ports, { ...testPolicy, copyLimit: 2 });
    await advance(ports, { ...testPolicy, copyLimit: 2 });
    expect(ports.database.held.size).toBe(2);
  });

  it('an emptied primary bucket makes a suspect point and expires nothing; accepted, it goes on', async () => {
    const { ports, clock } = newWorld(10);
    await escrowKeys(ports, [keyFile, nodeFile]);
    await capture(ports, testPolicy, scheduled);
    await runToEnd(ports);
    for (let n = 0; n < 10; n += 1) ports.primaryArtifacts.lose(`core/p${n}.hart`);
    clock.passMinutes(60);
    await capture(ports, testPolicy, { kind: 'scheduled', at: clock.now });
    await runToEnd(ports);
    await reconcile(ports, testPolicy);
    expect(await states(ports)).toEqual(['20261122t140000z protected', '20261122t150000z suspect']);
    expect(await ports.replica.head('core/p9.hart')).toBeDefined();
    const status = await readiness(ports, testPolicy);
    expect(status).toMatchObject({ status: 'NOT_READY', recoverable: true, point: '20261122t140000z' });
    expect(status.findings.map((each) => each.code)).toEqual(['INVENTORY_SHRANK']);
    await acceptPoint(ports, '20261122t150000z');
    await runToEnd(ports);
    expect((await states(ports)).at(-1)).toBe('20261122t150000z protected');
  });

  it('an artifact that was deleted at the primary before its copy does not keep a point from protected', async () => {
    const { ports } = newWorld(3);
    await escrowKeys(ports, [keyFile, nodeFile]);
    await capture(ports, testPolicy, scheduled);
    await advance(ports, testPolicy);
    ports.database.finish('snapshots');
    await advance(ports, testPolicy);
    ports.primaryArtifacts.lose('core/p1.hart');
    await runToEnd(ports);
    const [point] = (await readPoints(ports.vault)).points;
    expect(point).toMatchObject({ state: 'protected', artifacts: { deletedInWindow: ['core/p1.hart'] } });
    expect((await readiness(ports, testPolicy)).findings.map((each) => each.code)).not.toContain('ARTIFACT_MISSING');
  });

  it('killed before or after any call, and run again, it comes to one point, one snapshot, one copy', async () => {
    for (const when of ['before', 'after'] as const) {
      for (let n = 1; ; n += 1) {
        const { ports } = newWorld(3);
        await escrowKeys(ports, [keyFile, nodeFile]);
        const dying = dyingPorts(ports, n, when);
        const cycle = async (world: MemoryPorts) => {
          await capture(world, testPolicy, scheduled);
          await runToEnd(world);
        };
        const ended = await cycle(dying).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (ended === undefined) break;
        expect(describeAll(ended)).toContain('at call');
        await cycle(ports);
        expect(await states(ports), `${when} call ${n}`).toEqual(['20261122t140000z protected']);
        expect([ports.database.snapshots.size, ports.database.held.size]).toEqual([1, 1]);
        expect((await readiness(ports, testPolicy)).recoverable).toBe(true);
      }
    }
  });
});

/** A killed run fails with the kill itself or with a report that carries it. */
function describeAll(error: unknown): string {
  const all: string[] = [];
  for (let each = error; each instanceof Error; each = each.cause) {
    all.push(each instanceof Killed ? each.message.replace('after call', 'at call') : each.message);
  }
  return all.join(' / ');
}
