import { describe, expect, it } from 'vitest';
import { failoverPoint } from '../../../src/core/readiness/assess.ts';
import { candidatesFor } from '../../../src/core/recovery/lifecycle.ts';
import { candidateRow } from '../../../src/core/recovery/plan.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { escrowKeys } from '../../../src/jobs/keys/escrow.ts';
import { acceptPoint } from '../../../src/jobs/points/accept.ts';
import { capture } from '../../../src/jobs/points/capture.ts';
import { readiness } from '../../../src/jobs/readiness.ts';
import { readPoints } from '../../../src/jobs/vault/points.ts';
import { keyFile, newWorld, nodeFile, runToEnd, scheduled, states } from '../../setup/memory-cycle.ts';
import { testPolicy } from '../../setup/policy.ts';
import type { MemoryPorts } from '../../world/ports.ts';

const codes = async (ports: MemoryPorts) => (await readiness(ports, testPolicy)).findings.map(({ code }) => code);

/** A world with a protected point, then one that a clock a day ahead asked for, then one of the next slot. */
async function aheadWorld() {
  const { ports, clock } = newWorld(4);
  await escrowKeys(ports, [keyFile, nodeFile]);
  await capture(ports, testPolicy, scheduled);
  await runToEnd(ports);
  clock.passMinutes(30);
  const ahead = new Date(clock.now.getTime() + 86_400_000);
  const { id } = await capture(ports, testPolicy, { kind: 'manual', at: ahead });
  await runToEnd(ports);
  clock.passMinutes(30);
  return { ports, clock, ahead: id };
}

describe('points are ordered by the instant of their data', () => {
  it('so that one of a clock that ran ahead is not taken for the newest, nor loses less than it does', async () => {
    const { ports, clock, ahead } = await aheadWorld();
    const { id } = await capture(ports, testPolicy, { kind: 'scheduled', at: clock.now });
    await runToEnd(ports);
    const { points } = await readPoints(ports.vault);
    const copies = await ports.database.copies();
    const names = new Set(copies.map(({ name }) => name));
    expect(candidatesFor('latest', points, names).map((each) => each.id)).toEqual([id, ahead, '20261122t140000z']);
    expect(failoverPoint({ points, copies, unlisted: [], runs: [] }, clock.now)?.id).toBe(id);
    const minutes = candidatesFor('latest', points, names).map((each) => candidateRow(each, clock.now).minutesLost);
    expect(minutes).toEqual([0, 30, 60]);
  });

  it('so that one of a clock that ran ahead stands for no slot of today', async () => {
    const { ports, clock } = newWorld(4);
    await escrowKeys(ports, [keyFile, nodeFile]);
    await capture(ports, testPolicy, scheduled);
    await runToEnd(ports);
    const next = new Date(clock.now.getTime() + 86_400_000);
    await capture(ports, testPolicy, { kind: 'scheduled', at: next });
    await runToEnd(ports);
    clock.passMinutes(80);
    expect(await codes(ports)).toContain('CAPTURE_MISSED');
  });

  it('so that a failure is over once newer data is protected, whatever the clock said that asked for it', async () => {
    const { ports, clock, ahead } = await aheadWorld();
    ports.database.held.delete(`hbdr-${ahead}`);
    expect(await codes(ports)).toContain('COPY_FAILED');
    await capture(ports, testPolicy, { kind: 'scheduled', at: clock.now });
    await runToEnd(ports);
    expect(await codes(ports)).not.toContain('COPY_FAILED');
  });
});

describe('a copy that is gone from the DR region', () => {
  it('is told while it is the newest, and no more once a newer point is protected', async () => {
    const { ports, clock } = newWorld(4);
    await escrowKeys(ports, [keyFile, nodeFile]);
    await capture(ports, testPolicy, scheduled);
    await runToEnd(ports);
    ports.database.held.clear();
    expect(await codes(ports)).toContain('COPY_FAILED');
    clock.passMinutes(60);
    await capture(ports, testPolicy, { kind: 'scheduled', at: clock.now });
    await runToEnd(ports);
    expect(await states(ports)).toEqual(['20261122t140000z protected', '20261122t150000z protected']);
    expect(await codes(ports)).not.toContain('COPY_FAILED');
  });
});

/** Two points after a protected one, both of a bucket that lost more than half. */
async function suspectWorld() {
  const { ports, clock } = newWorld(10);
  await escrowKeys(ports, [keyFile, nodeFile]);
  await capture(ports, testPolicy, scheduled);
  await runToEnd(ports);
  for (let n = 0; n < 6; n += 1) ports.primaryArtifacts.lose(`core/p${n}.hart`);
  for (let n = 0; n < 2; n += 1) {
    clock.passMinutes(60);
    await capture(ports, testPolicy, { kind: 'scheduled', at: clock.now });
    await runToEnd(ports);
  }
  const [, first = '', second = ''] = (await readPoints(ports.vault)).points.map(({ id }) => id);
  expect((await states(ports)).slice(1)).toEqual([`${first} suspect`, `${second} suspect`]);
  return { ports, clock, first, second };
}

describe('suspect points', () => {
  it('are judged again once one before them is accepted', async () => {
    const { ports, first, second } = await suspectWorld();
    await acceptPoint(ports, first);
    await runToEnd(ports);
    expect((await states(ports)).slice(1)).toEqual([`${first} protected`, `${second} protected`]);
    const again = (await readPoints(ports.vault)).points[2];
    expect(again?.history.map(({ state }) => state).slice(2)).toEqual(['suspect', 'listing+copying', 'protected']);
    expect(again?.acceptedAt).toBeUndefined();
  });

  it('stay so when they fell further than the accepted one', async () => {
    const { ports, clock, first, second } = await suspectWorld();
    ports.primaryArtifacts.lose('core/p6.hart');
    clock.passMinutes(60);
    const { id } = await capture(ports, testPolicy, { kind: 'scheduled', at: clock.now });
    await runToEnd(ports);
    await acceptPoint(ports, first);
    await runToEnd(ports);
    expect((await states(ports)).slice(1)).toEqual([`${first} protected`, `${second} protected`, `${id} suspect`]);
  });

  it('before the accepted one stay so: it says nothing of them', async () => {
    const { ports, first, second } = await suspectWorld();
    await acceptPoint(ports, second);
    await runToEnd(ports);
    expect((await states(ports)).slice(1)).toEqual([`${first} suspect`, `${second} protected`]);
  });

  it('do not wait for the copies of the accepted one, nor do points that are listed since', async () => {
    const { ports, clock, first, second } = await suspectWorld();
    await acceptPoint(ports, first);
    clock.passMinutes(60);
    const { id } = await capture(ports, testPolicy, { kind: 'scheduled', at: clock.now });
    ports.database.finish('snapshots');
    await advance(ports, testPolicy);
    expect((await states(ports)).slice(2)).toEqual([`${second} listing+copying`, `${id} listing+copying`]);
  });
});

describe('the first point', () => {
  it('of no artifacts is suspect and told, for its database may name packages; accepted, it counts', async () => {
    const { ports, clock } = newWorld(0);
    await escrowKeys(ports, [keyFile, nodeFile]);
    const { id } = await capture(ports, testPolicy, scheduled);
    await runToEnd(ports);
    expect(await states(ports)).toEqual([`${id} suspect`]);
    const status = await readiness(ports, testPolicy);
    expect(status).toMatchObject({ recoverable: false, status: 'NOT_READY' });
    expect(status.findings.find(({ code }) => code === 'INVENTORY_SHRANK')?.text).toContain('no artifacts were listed');
    await acceptPoint(ports, id);
    await runToEnd(ports);
    clock.passMinutes(60);
    await capture(ports, testPolicy, { kind: 'scheduled', at: clock.now });
    await runToEnd(ports);
    expect(await states(ports)).toEqual([`${id} protected`, '20261122t150000z protected']);
  });
});
