import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { ProductionRun } from '../../../src/core/recovery/run.ts';
import { DrError, hasCode } from '../../../src/errors.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { abortFailover } from '../../../src/jobs/recovery/call-off.ts';
import { startFailover } from '../../../src/jobs/recovery/failover.ts';
import { dyingPorts } from '../../setup/dying.ts';
import { protectedWorld, readRun } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { connectable, followHistory, type History, history } from '../../setup/rds-histories.ts';
import { start } from '../../setup/recovery-requests.ts';
import { restartsInService } from '../../setup/restarts.ts';
import type { MemoryPorts } from '../../world/ports.ts';

const runs = Number(process.env['BUILDER_DR_HISTORIES'] ?? 200);
/** The time that all tests have is enough for so many. */
const A_ROUND = 100;
const points = 3;
const ends = ['done', 'blocked', 'aborted'];
const tally: Record<string, number> = {};
let longest = 0;

/**
 * I9: nothing waits without a limit. The longest a failover may take: its fence; then for each point and each class an
 * instance, each of whose steps (and each state of it that RDS knows) comes within the time without progress.
 */
const steps = 8 + 10;
const limitMinutes =
  testPolicy.fenceMinutes + (points + testPolicy.restore.classes.length) * steps * testPolicy.failoverStuckMinutes;

/** At the very moment of the cut-over (I5, and what DR may come in force with). */
function watchCutOver(ports: MemoryPorts, run: () => Promise<ProductionRun>, told: Set<string>): string[] {
  const wrong: string[] = [];
  const { put } = ports.vault;
  ports.vault.put = async (key, body, etag) => {
    if (key === 'direction.json' && body.includes('"none"')) {
      const { attempts, acceptFindings, ...now } = await run();
      const used = ports.instances.held.get(attempts.at(-1)?.instance ?? '');
      const fenced =
        ports.fence.state.groups.every((each) => each.id === 'sg-fence') &&
        ports.fence.policy?.includes('BuilderDrFence');
      if (!fenced && !(now.kind === 'failover' && now.acceptUnfenced)) wrong.push('unfenced');
      if (!used?.host) wrong.push('an instance without an address');
      if (used?.retentionAsked !== undefined && !told.has('restart')) wrong.push('a restart to come');
      if (!used?.engineVersion.startsWith('postgres 17.') && !acceptFindings) wrong.push(`${used?.engineVersion}`);
      if (used && used.status !== 'failed' && !connectable.includes(used.status)) wrong.push(used.status);
    }
    return put(key, body, etag);
  };
  return wrong;
}

const expected = (error: unknown): undefined => {
  if (error instanceof DrError && !hasCode(error, 'ILLEGAL_TRANSITION', 'VAULT_UNREADABLE')) return undefined;
  if (/(at|after) call/.test(String(error))) return undefined;
  throw error;
};

async function live(now: History): Promise<void> {
  const { ports, clock, ids } = await protectedWorld(points);
  const between = followHistory(ports, now);
  const served = restartsInService(ports);
  let run = await start(ports, ids[0] ?? '', { acceptUnfenced: now.acceptUnfenced });
  /** What the operator was told before the failover was started again. */
  const told = new Set<string>();
  const wrong = watchCutOver(ports, () => readRun(ports, run), told);
  let resumes = now.resumes;
  let since = clock.now.getTime();
  for (let pass = 0; ; pass += 1) {
    run = await readRun(ports, run);
    const minutes = (clock.now.getTime() - since) / 60_000;
    longest = Math.max(longest, minutes);
    if (minutes > limitMinutes) throw new Error(`it does not end: ${JSON.stringify(run.history)}`);
    if (ends.includes(run.state)) {
      if (run.state !== 'blocked' || resumes === 0 || !run.blocked) break;
      resumes -= 1;
      if (run.blocked.reason.includes('may still restart')) told.add('restart');
      since = clock.now.getTime();
      // The very request that the record holds takes it on.
      await startFailover(ports, testPolicy, run.blocked.resume).catch(expected);
      expect((await readRun(ports, run)).history.length).toBeGreaterThan(run.history.length);
    }
    clock.passMinutes(now.minutesAPass);
    between();
    if (pass === now.abortAfter) await abortFailover(ports, testPolicy).catch(expected);
    const death = now.deaths.find((each) => each.pass === pass);
    const used = death ? (dyingPorts(ports, death.call, death.when) as MemoryPorts) : ports;
    await advance(used, testPolicy).catch(expected);
  }
  for (let n = 0; n < 8; n += 1) {
    clock.passMinutes(now.minutesAPass);
    between();
    await advance(ports, testPolicy).catch(expected);
  }
  const ended = await readRun(ports, run);
  tally[ended.state] = (tally[ended.state] ?? 0) + 1;
  expect([ended.state, wrong, told.has('restart') ? [] : served()]).toEqual([run.state, [], []]);
  expect(new Set(ended.attempts.map((each) => each.instance)).size).toBe(ended.attempts.length);
  expect(ports.notifier.messages.at(-1)?.subject).toContain(`failover ${ended.state}`);
  if (ended.state !== 'blocked') return;
  expect(ended.blocked?.reason).not.toBe('');
  expect(ended.blocked?.doFirst).not.toBe('');
}

describe('whatever RDS does, a failover is done, blocked or aborted within its time, tells so, and serves from what may serve', () => {
  const rounds = Array.from({ length: Math.ceil(runs / A_ROUND) }, (_, n) => n + 1);
  it.each(rounds)(`in ${A_ROUND} random histories: round %i`, async () => {
    const before = { ...tally };
    await fc.assert(fc.asyncProperty(history, live), { numRuns: A_ROUND });
    // A world in which nothing is ever served, or nothing ever stops, would prove nothing.
    for (const end of ['done', 'blocked']) expect(tally[end] ?? 0).toBeGreaterThan(before[end] ?? 0);
  });

  afterAll(() => process.stdout.write(`${JSON.stringify(tally)}, the longest ${longest} minutes\n`));
});
