import { describe, expect, it } from 'vitest';
import { current } from '../../../src/core/recovery/lifecycle.ts';
import type { InspectionReport } from '../../../src/core/recovery/report.ts';
import { anHour, artifactWorld, hashOf, newHart, protect, rowsAre } from '../../setup/artifact-world.ts';
import { finishRun, protectedWorld } from '../../setup/memory-recovery.ts';
import { codes, start, wrongOwner } from '../../setup/recovery-requests.ts';

const uselessKey = (report: InspectionReport): InspectionReport => ({
  ...report,
  builderKeys: [
    {
      revision: '20240101000000',
      rows: { origin_secrets: 3 },
      escrowed: true,
      tried: 0,
      opened: 0,
      detail: 'KMS: the key is disabled',
    },
  ],
});

describe('a failover that was blocked by what was found, and mended since', () => {
  it.each([
    ['the owner of the tables', wrongOwner],
    ['a key that KMS did not open', uselessKey],
  ])('passes when it is started again: the database is looked into anew (%s)', async (_what, broken) => {
    const { ports, ids } = await protectedWorld(1);
    ports.inspection.answer = broken;
    const blocked = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect([blocked.state, codes(blocked).length]).toEqual(['blocked', 1]);
    ports.inspection.answer = (report) => report;
    const asked = ports.inspection.asked.length;
    const ended = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect([ended.state, codes(ended)]).toEqual(['done', []]);
    expect([ended.attempts.length, current(ended).instance]).toEqual([1, current(blocked).instance]);
    expect(ports.inspection.asked.length).toBeGreaterThan(asked);
  });

  it('is blocked again while nothing was mended', async () => {
    const { ports, ids } = await protectedWorld(1);
    ports.inspection.answer = wrongOwner;
    await finishRun(ports, await start(ports, ids[0] ?? ''));
    const again = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect([again.state, codes(again)]).toEqual(['blocked', ['DATABASE_OWNER_WRONG']]);
  });

  it('takes the point as it is where that is said, without another look', async () => {
    const { ports, ids } = await protectedWorld(1);
    ports.inspection.answer = wrongOwner;
    await finishRun(ports, await start(ports, ids[0] ?? ''));
    const inspections = () => ports.inspection.asked.filter((each) => each.includes('inspect')).length;
    const before = inspections();
    const point = ids[0] ?? '';
    const ended = await finishRun(ports, await start(ports, point, { point, acceptFindings: true }));
    expect([ended.state, codes(ended), inspections()]).toEqual(['done', ['DATABASE_OWNER_WRONG'], before]);
  });

  it('passes when what it lacked has come, and what was found before is not said any more', async () => {
    const world = await artifactWorld({});
    const { ports } = world;
    const hart = await newHart();
    ports.primaryArtifacts.plant('core/a.hart', hart);
    await anHour(world);
    const { id } = await protect(world);
    ports.primaryArtifacts.lose('core/a.hart');
    ports.replica.lose('core/a.hart');
    await rowsAre(world, { 'core/a.hart': await hashOf(hart) });
    const blocked = await finishRun(ports, await start(ports, id));
    expect([blocked.state, codes(blocked)]).toEqual(['blocked', ['ARTIFACT_MISSING']]);
    ports.replica.plant('core/a.hart', hart);
    const ended = await finishRun(ports, await start(ports, id));
    expect([ended.state, codes(ended)]).toEqual(['done', []]);
  });
});
