import { beforeEach, describe, expect, it } from 'vitest';
import { failoverPlanText, runText } from '../../../src/cli/text/recovery.ts';
import type { Direction } from '../../../src/core/recovery/direction.ts';
import { DrError } from '../../../src/errors.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { startFailback } from '../../../src/jobs/recovery/failback.ts';
import { planFailover, startFailover } from '../../../src/jobs/recovery/failover.ts';
import { readDirection } from '../../../src/jobs/vault/direction.ts';
import { encode } from '../../../src/jobs/vault/documents.ts';
import { finishRun, protectedWorld, settle } from '../../setup/memory-recovery.ts';
import { type TestClock, testPolicy } from '../../setup/policy.ts';
import { start } from '../../setup/recovery-requests.ts';
import type { MemoryPorts } from '../../world/ports.ts';
import { readyStatus } from '../../world/status.ts';

let ports: MemoryPorts;
let clock: TestClock;
let point: string;
/** The vault of the stack for the other direction. */
let other: Map<string, unknown>;

beforeEach(async () => {
  const world = await protectedWorld(1);
  ({ ports, clock } = world);
  [point = ''] = world.ids;
  other = new Map();
  ports.reverseVault = {
    get: async (key) => {
      const found = other.get(key);
      if (found instanceof Error) throw found;
      return found === undefined ? undefined : { body: encode(found), etag: '"other"' };
    },
  };
});

const handedOver = (epoch: number): Direction => ({
  schema: 'direction/2',
  direction: 'none',
  epoch,
  changedAt: ports.clock().toISOString(),
  failover: '20261122t150000z',
});
const failOver = async (more = {}) => {
  clock.passMinutes(1);
  return finishRun(ports, await start(ports, point, more));
};
const direction = () => readDirection(ports.vault);
const failback = async () => {
  clock.passMinutes(1);
  settle(ports);
  await startFailback(ports, testPolicy);
  return (await direction()).direction;
};
const status = (at: Date) => readyStatus(at.toISOString(), '20261122t150000z');

describe('the epoch of a failover', () => {
  it("passes that of this direction and of the other stack's", async () => {
    other.set('direction.json', handedOver(7));
    await failOver();
    expect(await direction()).toMatchObject({ direction: 'none', epoch: 8 });
  });

  it.each([
    ['is silent', new DrError('SITE_UNREACHABLE', 'no answer', { site: 'primary' })],
    ['is of no form that is known', { schema: 'direction/99' }],
  ])("where the other stack's %s, a failover begins only as accepted, with the line to type", async (_how, found) => {
    other.set('direction.json', found);
    await expect(start(ports, point)).rejects.toMatchObject({
      code: 'NOT_CONFIRMED',
      hint: expect.stringContaining(
        `builder-dr failover start --confirm ${point} --accept-unfenced --config config/test.yml`,
      ),
    });
    expect([await direction(), await ports.vault.list('failovers/')]).toEqual([
      { direction: 'primary→dr', epoch: 0 },
      [],
    ]);
    const run = await failOver({ acceptUnfenced: true });
    expect([run.state, (await direction()).epoch]).toEqual(['done', 1]);
    // Who looks at it later sees what was accepted.
    expect(runText(run, ports)).toContain('accepted: the vault of the other direction cannot be read');
  });

  it.each([
    ['is silent', new DrError('SITE_UNREACHABLE', 'no answer', { site: 'primary' })],
    ['is of no form that is known', { schema: 'direction/99' }],
  ])(
    "where the other stack's %s is said by the plan beforehand, with what to do first; its line begins it",
    async (_how, found) => {
      const plan = () => planFailover(ports, testPolicy, { point: 'latest', planned: false });
      expect([(await plan()).unknown, (await plan()).start?.acceptUnfenced]).toEqual([null, false]);
      other.set('direction.json', found);
      const planned = await plan();
      const lines = failoverPlanText(planned, 'prod.yml').split('\n');
      expect(lines.slice(-4)).toEqual([
        expect.stringMatching(
          /^Nobody knows what is in force there: the vault of the other direction cannot be read: ./,
        ),
        'First: Make sure by other means that nobody is served at the primary.',
        '',
        `Type next: builder-dr failover start --confirm ${point} --accept-unfenced --config prod.yml`,
      ]);
      if (!planned.start) throw new Error('nothing is planned');
      expect((await startFailover(ports, testPolicy, planned.start)).state).not.toBe('blocked');
      // Resumed, it needs none of that, and is told no line that opens more than it asks for.
      expect([(await plan()).unknown, (await plan()).start?.acceptUnfenced]).toEqual([null, false]);
    },
  );
});

describe('a second failback', () => {
  it('turns the direction on evidence of its own, and not on what the first one left', async () => {
    await failOver();
    clock.passMinutes(1);
    other.set('status.json', status(ports.clock()));
    expect(await failback()).toBe('dr→primary');
    other.set('direction.json', handedOver((await direction()).epoch + 1));
    expect(await failback()).toBe('primary→dr');
    // Home again, on an instance that nothing fences.
    ports.fence.state = { status: 'available', groups: [{ id: 'sg-home', status: 'active' }] };
    clock.passMinutes(1);
    await advance(ports, testPolicy).catch(() => undefined);
    await failOver();
    expect((await direction()).direction).toBe('none');
    expect([await failback(), await failback()]).toEqual(['none', 'none']);
    other.set('status.json', status(ports.clock()));
    expect(await failback()).toBe('dr→primary');
    other.set('direction.json', handedOver((await direction()).epoch + 1));
    expect(await failback()).toBe('primary→dr');
  });

  it.each([
    ['that passes this one, by a clock that is behind', 0, -120],
    ['of its own counting', -1, 0],
  ])('sees the other stack hand over, by an epoch %s, while it notes its protection', async (_how, less, ahead) => {
    await failOver();
    clock.passMinutes(1);
    const { epoch } = await direction();
    other.set('status.json', status(ports.clock()));
    // Its start read this direction before the turn, and it cut over after this stack had read its own.
    const { reverseVault } = ports;
    if (!reverseVault) throw new Error('no other vault');
    ports.reverseVault = {
      get: async (key) => {
        const found = await reverseVault.get(key);
        clock.passMinutes(1);
        const changedAt = new Date(clock.now.getTime() + ahead * 60_000).toISOString();
        if (key === 'direction.json' && !other.has(key)) {
          other.set(key, { ...handedOver(epoch + 1 + less), changedAt });
        }
        clock.passMinutes(1);
        return found;
      },
    };
    expect(await failback()).toBe('dr→primary');
    expect(await failback()).toBe('primary→dr');
  });

  it('does not wait until the clock of whoever cut over, which was ahead, has come', async () => {
    other.set('status.json', status(ports.clock()));
    clock.passMinutes(1);
    const ahead = { ...ports, clock: () => new Date(clock.now.getTime() + 5 * 3_600_000) };
    await finishRun(ahead, await start(ahead, point));
    expect(await failback()).toBe('none');
    other.set('status.json', status(clock.read()));
    expect(await failback()).toBe('dr→primary');
  });
});
