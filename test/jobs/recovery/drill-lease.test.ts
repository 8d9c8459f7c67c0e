import { describe, expect, it } from 'vitest';
import { addMinutes } from '../../../src/core/ids.ts';
import type { Run } from '../../../src/core/recovery/run.ts';
import { vaultKeys } from '../../../src/core/vault-layout.ts';
import { escrowKeys } from '../../../src/jobs/keys/escrow.ts';
import { readiness } from '../../../src/jobs/readiness.ts';
import { startDrill } from '../../../src/jobs/recovery/drill.ts';
import { dyingPorts } from '../../setup/dying.ts';
import { keyFile, nodeFile } from '../../setup/memory-cycle.ts';
import { finishRun, protectedWorld } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { everyTurn } from '../../setup/turns.ts';
import type { MemoryPorts } from '../../world/ports.ts';

const drillAt =
  (minutes: number) =>
  (ports: MemoryPorts): Promise<Run> =>
    startDrill(ports, testPolicy, {
      kind: 'drill',
      point: 'latest',
      readAll: false,
      at: addMinutes(ports.clock(), minutes),
    });
const drill = drillAt(0);
const garbage = Buffer.from('{"schema": "lease/1", "run');

/** A site with a drill behind it, whose lease nobody can read any more. */
async function broken(minutesAgo: number) {
  const world = await protectedWorld(2, 0);
  const { id } = await finishRun(world.ports, await drill(world.ports));
  world.clock.passMinutes(1);
  world.ports.vault.documents.set(vaultKeys.drillLease, { body: garbage, etag: '"broken"', at: world.clock.read() });
  world.clock.passMinutes(minutesAgo);
  return { ...world, before: id };
}

const others = async ({ ports, before }: Awaited<ReturnType<typeof broken>>) =>
  (await ports.vault.list('drills/')).map(({ key }) => key).filter((key) => !key.includes(before));
const aside = (ports: MemoryPorts) =>
  [...ports.vault.documents].filter(([key]) => key.startsWith(vaultKeys.setAsides)).map(([, { body }]) => String(body));

describe('a lease of drills that nobody can read', () => {
  it('is a finding that says what to do, and no reason to doubt a failover', async () => {
    const { ports } = await broken(60);
    await escrowKeys(ports, [keyFile, nodeFile]);
    const { findings, recoverable } = await readiness(ports, testPolicy);
    const found = findings.filter(({ subject }) => subject === vaultKeys.drillLease);
    expect(found).toMatchObject([{ code: 'VAULT_UNREADABLE', text: expect.stringContaining('`builder-dr drill`') }]);
    expect(recoverable).toBe(true);
  });

  it('is set aside by the next drill, once whoever wrote it has begun or died', async () => {
    const world = await broken(29);
    const refused = {
      code: 'VAULT_UNREADABLE',
      subject: vaultKeys.drillLease,
      hint: expect.stringContaining('30 minutes'),
    };
    await expect(drill(world.ports)).rejects.toMatchObject(refused);
    expect([await others(world), aside(world.ports)]).toEqual([[], []]);
    world.clock.passMinutes(2);
    const begun = await drill(world.ports);
    expect([await others(world), aside(world.ports)]).toEqual([[`drills/${begun.id}.json`], [String(garbage)]]);
    expect((await finishRun(world.ports, begun)).state).toBe('passed');
    world.clock.passMinutes(31);
    const { findings } = await readiness(world.ports, testPolicy);
    expect(findings.map(({ subject }) => subject)).not.toContain(vaultKeys.drillLease);
  });

  it('lets two that begin at once begin one', async () => {
    const turns = await everyTurn(
      async () => (await broken(31)).ports,
      drillAt(0),
      drillAt(1),
      async (ports, ends, where) => {
        const [one, other] = ends as Run[];
        const atWork = [...ports.vault.documents.keys()].filter((key) => key.startsWith('drills/'));
        expect([where, one?.id, atWork.length, aside(ports)]).toEqual([where, other?.id, 2, [String(garbage)]]);
      },
      [12, 6],
    );
    expect(turns).toBeGreaterThan(20);
  });

  it.each(['before', 'after'] as const)(
    'keeps no drill from beginning where one died %s any call of its own',
    async (when) => {
      for (let call = 1; ; call += 1) {
        const world = await broken(31);
        const died = await drill(dyingPorts(world.ports, call, when)).then(
          () => false,
          () => true,
        );
        if (!died) return;
        world.clock.passMinutes(1);
        const next = await drill(world.ports);
        expect([call, await others(world)]).toEqual([call, [`drills/${next.id}.json`]]);
        expect((await finishRun(world.ports, next)).state).toBe('passed');
      }
    },
  );
});
