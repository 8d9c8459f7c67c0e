import { describe, expect, it } from 'vitest';
import { abortText, releaseText, unfenceText } from '../../../src/cli/text/recovery.ts';
import { abortFailover, unfence } from '../../../src/jobs/recovery/call-off.ts';
import { releaseFailover } from '../../../src/jobs/recovery/release.ts';
import { protectedWorld } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { start } from '../../setup/recovery-requests.ts';

const FENCE = 'fence.json';
/** A failover that has fenced the primary, and what was there before that nobody can read. */
async function fenced() {
  const { ports, ids } = await protectedWorld(1);
  const run = await start(ports, ids[0] ?? '');
  ports.fence.finish();
  const found = await ports.vault.get(FENCE);
  await ports.vault.put(FENCE, 'no JSON', found?.etag);
  return { ports, run };
}
const named = expect.stringMatching(/^fence\.json: not JSON/);

describe('what of the site cannot be read', () => {
  it('is told by an abort, which calls the failover off all the same', async () => {
    const { ports } = await fenced();
    const report = await abortFailover(ports, testPolicy);
    expect([report.run.state, report.problems]).toEqual(['aborted', [named]]);
    expect(abortText(report, ports)).toContain(`NOT read or done: ${FENCE}`);
  });

  it('is told by an unfence', async () => {
    const { ports } = await fenced();
    await abortFailover(ports, testPolicy);
    const report = await unfence(ports, testPolicy);
    expect(report.problems).toEqual([named]);
    expect(unfenceText(report)).toContain(`NOT read or done: ${FENCE}`);
  });

  it('is told by a release, and its own record only once', async () => {
    const { ports, run } = await fenced();
    const key = `failovers/${run.id}.json`;
    await ports.vault.put(key, 'no JSON', (await ports.vault.get(key))?.etag);
    const report = await releaseFailover(ports, testPolicy, run.id);
    expect([report.unreadable?.key, report.problems]).toEqual([key, [named]]);
    expect(releaseText(report, ports).split(FENCE)).toHaveLength(2);
  });

  it('is nothing where all can be', async () => {
    const { ports, ids } = await protectedWorld(1);
    await start(ports, ids[0] ?? '');
    expect((await abortFailover(ports, testPolicy)).problems).toEqual([]);
  });
});
