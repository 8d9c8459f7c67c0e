import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { playOverParts, RDS_STATE_MS } from './play.ts';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
  await sandbox.control.rds({ stateDelayMs: RDS_STATE_MS });
});
afterAll(() => sandbox.stop());

describe('a short history over real PostgreSQL, buckets and signed packages', () => {
  it.each([1, 2, 3, 4, 5])('of seed %i ends with Builder served by DR, and breaks no invariant', async (seed) => {
    const { violations, state, calls, threw } = await playOverParts(sandbox, seed);
    const broken = violations.map(({ invariant, subject, said, so }) => `${invariant} ${subject}: ${said}; ${so}`);
    expect([state, broken, threw]).toEqual(['done', [], expect.anything()]);
    // One of which nothing was judged would break nothing either.
    expect(calls).toBeGreaterThan(300);
  });
});
