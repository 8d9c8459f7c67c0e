import { describe, expect, it } from 'vitest';
import { DrError } from '../../src/errors.ts';
import { doctor } from '../../src/jobs/doctor.ts';
import { escrowKeys } from '../../src/jobs/keys/escrow.ts';
import { capture } from '../../src/jobs/points/capture.ts';
import { readiness } from '../../src/jobs/readiness.ts';
import { planDrill } from '../../src/jobs/recovery/drill.ts';
import { planFailover } from '../../src/jobs/recovery/failover.ts';
import { countCalls } from '../setup/counting.ts';
import { keyFile, newWorld, nodeFile, runToEnd, scheduled } from '../setup/memory-cycle.ts';
import { testPolicy } from '../setup/policy.ts';
import type { MemoryPorts } from '../world/ports.ts';

const [first = '', second = ''] = testPolicy.restore.classes;

async function protectedSite(): Promise<MemoryPorts> {
  const { ports } = newWorld();
  await escrowKeys(ports, [keyFile, nodeFile]);
  await capture(ports, testPolicy, scheduled);
  await runToEnd(ports);
  return ports;
}
const codes = async (ports: MemoryPorts) => {
  const { recoverable, findings } = await readiness(ports, testPolicy);
  return [recoverable, ...findings.map((each) => `${each.code} ${each.subject}`)];
};

describe('the classes that a failover would ask for', () => {
  it('are asked for before the disaster: what is lost is said, and none left makes the site not recoverable', async () => {
    const ports = await protectedSite();
    expect(await codes(ports)).toEqual([true]);
    ports.offers.changes.set(first, { multiAz: false });
    expect(await codes(ports)).toEqual([true, `CLASS_LOST restore.classes: ${first}`]);
    ports.offers.changes.set(second, null);
    expect(await codes(ports)).toEqual([false, 'CLASS_UNORDERABLE restore.classes']);
    ports.offers.changes.clear();
    expect(await codes(ports)).toEqual([true]);
  });

  it('need zones of the subnet group: two for Multi-AZ', async () => {
    const ports = await protectedSite();
    for (const each of [first, second]) ports.offers.changes.set(each, { zones: ['us-west-2b', 'us-west-2c'] });
    expect(await codes(ports)).toEqual([false, 'CLASS_UNORDERABLE restore.classes']);
    ports.offers.groups.set('builder-dr', ['us-west-2b', 'us-west-2c']);
    expect(await codes(ports)).toEqual([true]);
  });

  it('are asked for in the newest minor of the major where the one of the snapshot is retired', async () => {
    const ports = await protectedSite();
    ports.offers.offered = ['17.9', '17.12', '18.1'];
    const asked: string[] = [];
    const { options } = ports.offers;
    ports.offers.options = (engine, version, className) => {
      asked.push(`${engine} ${version}`);
      return options(engine, version, className);
    };
    expect(await codes(ports)).toEqual([true]);
    expect([...new Set(asked)]).toEqual(['postgres 17.12']);
    ports.offers.offered = ['18.1'];
    expect(await codes(ports)).toEqual([false, 'CLASS_UNORDERABLE restore.classes', 'CLASS_LOST restore.drillClasses']);
  });

  it('cost one call each, and two more; none where there is no point', async () => {
    const ports = await protectedSite();
    const asking = async (world: MemoryPorts) =>
      (await countCalls(world, (counted) => readiness(counted, testPolicy))).filter((each) =>
        each.startsWith('offers'),
      );
    const names = new Set([...testPolicy.restore.classes, ...testPolicy.restore.drillClasses]);
    expect(await asking(ports)).toHaveLength(names.size + 2);
    expect(await asking(newWorld().ports)).toEqual([]);
  });

  it('are looked at by the doctor too', async () => {
    const ports = await protectedSite();
    const look = async () => (await doctor(ports, testPolicy)).find((each) => each.name === 'classes for restores');
    expect(await look()).toMatchObject({ ok: true, detail: expect.stringContaining('no promise of capacity') });
    ports.offers.changes.set(first, null);
    expect(await look()).toMatchObject({ ok: false, detail: expect.stringContaining(`left: ${second}`) });
  });
});

describe('a plan', () => {
  it('says which classes would be taken, of a failover and of a drill', async () => {
    const ports = await protectedSite();
    ports.offers.changes.set(first, null);
    const wanted = { point: 'latest', planned: false, real: false };
    for (const { classes } of [
      await planFailover(ports, testPolicy, wanted),
      await planDrill(ports, testPolicy, wanted),
    ]) {
      expect(classes).toMatchObject({
        failover: [{ className: first, problem: 'RDS does not offer it' }, { problem: undefined }],
      });
    }
  });

  it('of a failover is shown also when RDS does not say what it offers', async () => {
    const ports = await protectedSite();
    ports.offers.versions = async () => {
      throw new DrError('THROTTLED', 'list the versions of postgres17: Throttling');
    };
    const plan = await planFailover(ports, testPolicy, { point: 'latest', planned: false });
    expect([plan.confirm === null, plan.classes]).toEqual([false, { unknown: expect.stringContaining('Throttling') }]);
    await expect(readiness(ports, testPolicy)).rejects.toMatchObject({ code: 'THROTTLED' });
  });
});
