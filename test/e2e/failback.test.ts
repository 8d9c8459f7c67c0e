import { DescribeDBInstancesCommand } from '@aws-sdk/client-rds';
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clientOf } from '../../sandbox/demo/primary-site.ts';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { s3Vault } from '../../src/adapters/aws/s3-vault.ts';
import type { Ports } from '../../src/core/ports/all.ts';
import { current } from '../../src/core/recovery/lifecycle.ts';
import { advance } from '../../src/jobs/advance.ts';
import { readiness } from '../../src/jobs/readiness.ts';
import { planFailback, startFailback } from '../../src/jobs/recovery/failback.ts';
import { readDirection } from '../../src/jobs/vault/direction.ts';
import { query, RecoveryWorld } from '../setup/recovery-world.ts';
import { PRIMARY, until } from '../setup/world.ts';

let sandbox: Sandbox;
let home: RecoveryWorld;
beforeAll(async () => {
  sandbox = await startSandbox();
  await sandbox.control.rds({ stateDelayMs: 50 });
  home = await RecoveryWorld.create(sandbox, 'failback');
});
afterAll(async () => {
  await home.builder.close();
  await sandbox.stop();
});

const failOver = async (world: RecoveryWorld, planned: boolean) => world.finish(await world.startFailover({ planned }));
const codes = async (world: RecoveryWorld, ports: Ports = world.ports) =>
  (await readiness(ports, world.world.policy)).findings.map((each) => each.code);

it('fails over, keeps and lists what was left behind, protects the other way, and goes home without a loss', async () => {
  await home.protect();
  const late = await home.builder.publish();
  await expect(planFailback(home.ports)).rejects.toMatchObject({ code: 'BAD_USAGE' });
  const away = await failOver(home, false);
  expect(away.state).toBe('done');
  expect(await codes(home)).toContain('UNPROTECTED');

  // The old primary: a final snapshot, a list, another name; nothing is deleted.
  await startFailback(home.ports, home.world.policy);
  const ready = await until('the old primary set aside', async () => {
    await advance(home.ports, home.world.policy);
    const plan = await planFailback(home.ports);
    return plan.failback?.state === 'ready' ? plan.failback : undefined;
  });
  expect(ready.diverged?.rows).toEqual({ count: 1, samples: [late.key] });
  expect(ready.diverged?.harts).toEqual({ count: 1, samples: [late.key] });
  const { DBInstances = [] } = await home.world.rds.send(new DescribeDBInstancesCommand({}));
  expect(DBInstances.map((each) => each.DBInstanceIdentifier)).toContain(`diverged-${away.id}`);
  expect(await home.ports.database.status(`hbdr-diverged-${away.id}`)).toMatchObject({ status: 'available' });
  expect(await home.drInstances()).toEqual([`hbdr-failover-${away.id}`]);

  // The other direction.
  const { host, port } = current(away).available as { host: string; port: number };
  const login = { ...home.login, host, port };
  await query(login, "INSERT INTO accounts (name) VALUES ('made-while-away')");
  const back = await home.reverse(`hbdr-failover-${away.id}`, login);
  const client = new S3Client({ ...clientOf(sandbox.address, PRIMARY), followRegionRedirects: true });
  const ports: Ports = {
    ...home.ports,
    reverseVault: s3Vault({
      client,
      streams: { client, idleMs: 10_000 },
      bucket: back.world.config.dr.vaultBucket,
      site: 'primary',
    }),
  };
  await back.protect();
  await readiness(back.ports, back.world.policy);
  expect((await startFailback(ports, home.world.policy)).direction).toBe('dr→primary');
  expect(await codes(home, ports)).not.toContain('UNPROTECTED');

  // Home again, by a switchover of the other stack.
  const rows = 'SELECT name FROM accounts ORDER BY id';
  const before = await query(login, rows);
  const homeward = await failOver(back, true);
  expect(homeward.state).toBe('done');
  const there = current(homeward).available as { host: string; port: number };
  expect(await query({ ...login, host: there.host, port: there.port }, rows)).toEqual(before);
  expect((await startFailback(ports, home.world.policy)).direction).toBe('primary→dr');
  expect(await readDirection(home.ports.vault)).toMatchObject({ direction: 'primary→dr', epoch: 4 });

  // The site that was left is set aside in its turn, and protection flows as before, from the new instance.
  await until('the other site set aside', async () => {
    const plan = await startFailback(back.ports, back.world.policy);
    return plan.failback?.state === 'ready' ? true : undefined;
  });
  const again = home.again(current(homeward).instance);
  const point = await again.protect();
  expect(point.state).toBe('protected');
  const fence = await again.ports.fence.database();
  expect(fence?.groups.map((each) => each.id)).toEqual(['sg-builder-dr']);
  expect(await query({ ...login, host: there.host, port: there.port }, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});
