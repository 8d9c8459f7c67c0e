import { beforeEach, describe, expect, it } from 'vitest';
import { vaultKeys } from '../../../src/core/vault-layout.ts';
import { reconcile } from '../../../src/jobs/artifacts/reconcile.ts';
import { readiness } from '../../../src/jobs/readiness.ts';
import { dyingPorts } from '../../setup/dying.ts';
import { TestClock, testPolicy } from '../../setup/policy.ts';
import { type MemoryPorts, memoryPorts } from '../../world/ports.ts';

const garbage = Buffer.from('{"schema": "reconcile/1", "at');
let clock: TestClock;
let ports: MemoryPorts;

beforeEach(async () => {
  clock = new TestClock();
  ports = memoryPorts(clock.read);
  await reconcile(ports, testPolicy);
  breakIt();
});

function breakIt(): void {
  ports.vault.documents.set(vaultKeys.reconcile, { body: garbage, etag: '"broken"', at: clock.read() });
}

const aside = () => [...ports.vault.documents].filter(([key]) => key.startsWith(vaultKeys.setAsides));
const unreadableOf = async () =>
  (await readiness(ports, testPolicy)).findings.filter((each) => each.code === 'VAULT_UNREADABLE');

describe('a document that its job makes anew', () => {
  it('lies aside as it was, once, wherever the job was killed, and a good one stands in its place', async () => {
    for (const when of ['before', 'after'] as const) {
      for (let n = 1; ; n += 1) {
        ports = memoryPorts(clock.read);
        breakIt();
        const killed = await reconcile(dyingPorts(ports, n, when), testPolicy).then(
          () => false,
          () => true,
        );
        if (!killed) break;
        const there = ports.vault.documents.get(vaultKeys.reconcile)?.body;
        if (!there?.equals(garbage)) expect(aside(), `${when} call ${n}`).toHaveLength(1);
        await reconcile(ports, testPolicy);
        expect(JSON.parse(String(ports.vault.documents.get(vaultKeys.reconcile)?.body))).toMatchObject({
          schema: 'reconcile/1',
        });
        expect(aside().map(([, held]) => held.body.equals(garbage))).toEqual([true]);
      }
    }
  });

  it('is set aside once by two runs at the same time', async () => {
    await Promise.all([reconcile(ports, testPolicy), reconcile(ports, testPolicy)]);
    expect(aside().map(([, held]) => held.body.equals(garbage))).toEqual([true]);
  });

  it('is left alone when somebody has restored it while it was looked at', async () => {
    const good = Buffer.from((await recordNow()) ?? '');
    breakIt();
    const { vault } = ports;
    const restoring = {
      ...vault,
      getBytes: async (key: string) => {
        vault.documents.set(vaultKeys.reconcile, { body: good, etag: '"restored"', at: clock.read() });
        return vault.getBytes(key);
      },
    };
    clock.passMinutes(1);
    await reconcile({ ...ports, vault: restoring }, testPolicy);
    expect(aside()).toEqual([]);
  });

  it('is told for half an hour, and no longer', async () => {
    await reconcile(ports, testPolicy);
    clock.passMinutes(15);
    expect((await unreadableOf()).map(({ subject }) => subject)).toEqual([vaultKeys.reconcile]);
    clock.passMinutes(16);
    expect(await unreadableOf()).toEqual([]);
  });

  it('is kept among the newest fifty', async () => {
    for (let n = 0; n < 60; n += 1) {
      clock.passMinutes(1);
      ports.vault.documents.set(vaultKeys.reconcile, { body: garbage, etag: `"broken ${n}"`, at: clock.read() });
      await reconcile(ports, testPolicy);
    }
    const names = aside().map(([key]) => key);
    expect(names).toHaveLength(50);
    expect(names.at(-1)).toBe(vaultKeys.setAside(vaultKeys.reconcile, 'broken 59'));
  });
});

async function recordNow(): Promise<string | undefined> {
  await reconcile(ports, testPolicy);
  const found = await ports.vault.get(vaultKeys.reconcile);
  for (const [key] of aside()) ports.vault.documents.delete(key);
  return found?.body;
}
