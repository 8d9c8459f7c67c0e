import { describe, expect, it } from 'vitest';
import { emailText } from '../../../src/core/notices/as-email.ts';
import { current } from '../../../src/core/recovery/lifecycle.ts';
import { planFailover } from '../../../src/jobs/recovery/failover.ts';
import { readDirection } from '../../../src/jobs/vault/direction.ts';
import { readPoints } from '../../../src/jobs/vault/points.ts';
import { finishRun, protectedWorld } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { drill, start, wrongOwner } from '../../setup/recovery-requests.ts';

describe('a failover chooses its point', () => {
  it('whose newest point fails its inspection falls back to the next older one, and records it', async () => {
    const { ports, ids } = await protectedWorld();
    ports.inspection.answer = (report) => (ports.inspection.asked.length === 1 ? wrongOwner(report) : report);
    const run = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect(run.state).toBe('done');
    expect(run.attempts.map((each) => [each.point, each.outcome])).toEqual([
      [ids[0], 'rejected'],
      [ids[1], 'passed'],
    ]);
    expect(run.attempts[0]?.why).toBe('DATABASE_OWNER_WRONG');
    const letter = ports.notifier.messages.map(emailText).at(-1);
    expect(letter).toContain(`Rejected: ${ids[0]}: DATABASE_OWNER_WRONG; hbdr-failover-`);
    expect(ports.instances.destroyed).toEqual([]);
    const states = (await readPoints(ports.vault)).points.map((each) => each.state);
    expect(states).toEqual(['proven', 'protected']);
  });

  it('does not go beyond the newest proven point', async () => {
    const { ports, ids } = await protectedWorld(3);
    await finishRun(ports, await drill(ports));
    const plan = await planFailover(ports, testPolicy, { point: 'latest', planned: false });
    expect(plan.candidates.map((each) => [each.point, each.state, each.minutesLost])).toEqual([[ids[0], 'proven', 60]]);
  });

  it('with no point left is blocked, names the way on, and takes the point as it is when told', async () => {
    const { ports, ids } = await protectedWorld();
    ports.inspection.answer = wrongOwner;
    const blocked = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect(blocked.state).toBe('blocked');
    expect(blocked.blocked?.resume).toMatchObject({ point: ids[0], confirm: ids[0], acceptFindings: true });
    expect((await readDirection(ports.vault)).direction).toBe('primary→dr');
    const resumed = await start(ports, ids[0] ?? '', { point: ids[0] ?? '', acceptFindings: true });
    const run = await finishRun(ports, resumed);
    expect([run.state, current(run).point, current(run).outcome]).toEqual(['done', ids[0], 'accepted']);
    expect(ports.instances.restores).toHaveLength(2);
  });

  it('asked for by its id is the only candidate; one that is not there is refused', async () => {
    const { ports, ids } = await protectedWorld();
    const run = await finishRun(ports, await start(ports, ids[1] ?? '', { point: ids[1] ?? '' }));
    expect([run.state, current(run).point]).toEqual(['done', ids[1]]);
    const other = await protectedWorld();
    await expect(start(other.ports, 'x', { point: 'x' })).rejects.toMatchObject({ code: 'POINT_UNKNOWN' });
  });

  it('whose copy left the DR region is no candidate', async () => {
    const { ports, ids } = await protectedWorld();
    ports.database.held.delete(`hbdr-${ids[0]}`);
    const plan = await planFailover(ports, testPolicy, { point: 'latest', planned: false });
    expect(plan.confirm).toBe(ids[1]);
  });
});
