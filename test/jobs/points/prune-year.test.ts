import { describe, expect, it } from 'vitest';
import { pointSchema } from '../../../src/core/points/documents.ts';
import { lookName } from '../../../src/core/recovery/kinds.ts';
import { vaultKeys } from '../../../src/core/vault-layout.ts';
import { prune } from '../../../src/jobs/points/prune.ts';
import { readArchived } from '../../../src/jobs/vault/archive.ts';
import { encode } from '../../../src/jobs/vault/documents.ts';
import { readPoints, updatePoint } from '../../../src/jobs/vault/points.ts';
import { agedWorld, endedDrill, plantPoint, retaining } from '../../setup/retention-world.ts';
import type { MemoryPorts } from '../../world/ports.ts';

const HOURS = 8_760;
const policy = retaining({ hourly: 24, daily: 7, weekly: 5, monthly: 12, yearly: 3 });
/** What the rules keep (51), what a day adds before the next prune (24), the newest proven one, and their lists. */
const POINTS = 51 + 24 + 1;
/** A drill a week, twelve of them as the newest, the others with the points that they proved; a report and a list each. */
const DRILLS = 12 + POINTS;
const VAULT = 2 * POINTS + 3 * DRILLS + 10;

async function provenByADrill(ports: MemoryPorts, id: string): Promise<void> {
  const at = ports.clock().toISOString();
  await updatePoint(ports, id, (point) => ({
    ...point,
    state: 'proven',
    history: [...point.history, { at, state: 'proven', why: 'a drill' }],
  }));
  const run = endedDrill(id, id);
  await ports.vault.put(vaultKeys.run('drills', run.id), encode(run), undefined);
  await ports.vault.put(vaultKeys.report(lookName(run), 'inspect-1'), '{}', undefined);
  await ports.vault.put(vaultKeys.packageInventory(lookName(run)), 'rows', undefined);
}

describe('a year with a point an hour and a drill a week, pruned once a day', () => {
  it('leaves a bounded vault and bounded snapshots, and every point is kept or archived', async () => {
    const { ports, clock } = await agedWorld([]);
    const most = { vault: 0, primary: 0, dr: 0 };
    for (let hour = 0; hour < HOURS; hour += 1) {
      clock.passMinutes(60);
      const id = await plantPoint(ports, clock.now, {});
      if (hour % 168 === 100) await provenByADrill(ports, id);
      most.vault = Math.max(most.vault, ports.vault.documents.size);
      most.primary = Math.max(most.primary, ports.database.snapshots.size);
      most.dr = Math.max(most.dr, ports.database.held.size);
      if (hour % 24 === 23) await prune(ports, policy);
    }
    expect(most.vault).toBeLessThanOrEqual(VAULT);
    expect(most.primary).toBeLessThanOrEqual(2 + 24);
    expect(most.dr).toBeLessThanOrEqual(POINTS);
    expect(POINTS).toBeLessThan(100);
    const { points } = await readPoints(ports.vault);
    const archived = await readArchived(ports.vault, vaultKeys.points, pointSchema);
    expect(archived.unreadable).toEqual([]);
    const ids = [...points, ...archived.found].map((each) => each.id);
    expect(ids).toHaveLength(HOURS);
    expect(new Set(ids).size).toBe(HOURS);
    const months = new Set(points.map((each) => each.id.slice(0, 6)));
    expect(months.size).toBeGreaterThanOrEqual(12);
  });
});
