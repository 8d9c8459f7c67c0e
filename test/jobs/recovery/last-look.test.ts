import { describe, expect, it } from 'vitest';
import { DrError } from '../../../src/errors.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { readDirection } from '../../../src/jobs/vault/direction.ts';
import { protectedWorld, readRun, settle } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { start } from '../../setup/recovery-requests.ts';

/** A failover whose pass has died between its verdict and the swap of the direction, and somebody opens the primary. */
async function diedBeforeTheSwap(more: object = {}) {
  const { ports, ids, clock } = await protectedWorld(1);
  const run = await start(ports, ids[0] ?? '', more);
  const { put } = ports.vault;
  let died = false;
  ports.vault.put = async (key, body, etag) => {
    if (!died && key === 'direction.json' && body.includes('"none"')) {
      died = true;
      throw new DrError('REMOTE_FAILED', 'the process died here');
    }
    return put(key, body, etag);
  };
  const pass = async () => {
    settle(ports);
    clock.passMinutes(1);
    await advance(ports, testPolicy).catch(() => undefined);
  };
  for (let n = 0; n < 12 && !died; n += 1) await pass();
  expect([died, (await readRun(ports, run)).state]).toEqual([true, 'cutting-over']);
  const seen = async () => [(await readDirection(ports.vault)).direction, (await readRun(ports, run)).state];
  const open = () => {
    ports.fence.state = { status: 'available', groups: [{ id: 'sg-builder', status: 'active' }] };
  };
  return { ports, run, pass, seen, open };
}

describe('the last look before the cut-over', () => {
  it('is made by the pass that cuts over, not by the one that decided: an open primary keeps DR out of force', async () => {
    const { ports, pass, seen, open } = await diedBeforeTheSwap();
    open();
    ports.fence.setGroups = async () => Promise.reject(new DrError('ACCESS_DENIED', 'not authorized'));
    await pass();
    expect(await seen()).toEqual(['primary→dr', 'blocked']);
  });

  it('closes what was opened, and DR comes in force once that is proven', async () => {
    const { pass, seen, open } = await diedBeforeTheSwap();
    open();
    await pass();
    expect(await seen()).toEqual(['primary→dr', 'healing+verifying']);
    for (let n = 0; n < 4; n += 1) await pass();
    expect(await seen()).toEqual(['none', 'done']);
  });

  it.each([
    ['a primary that does not answer, once its fence is confirmed', {}, true],
    ['a primary that its operator took unfenced', { acceptUnfenced: true }, false],
  ])('does not hold up %s', async (_name, more, dark) => {
    const { ports, pass, seen, open } = await diedBeforeTheSwap(more);
    if (dark) ports.fence.dark = true;
    else open();
    await pass();
    expect((await seen())[0]).toBe('none');
  });
});
