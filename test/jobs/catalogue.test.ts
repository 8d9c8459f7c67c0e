import { describe, expect, it } from 'vitest';
import { emailText } from '../../src/core/notices/as-email.ts';
import { pointSchema } from '../../src/core/points/documents.ts';
import { vaultKeys } from '../../src/core/vault-layout.ts';
import { advance } from '../../src/jobs/advance.ts';
import { reconcile } from '../../src/jobs/artifacts/reconcile.ts';
import { escrowKeys } from '../../src/jobs/keys/escrow.ts';
import { capture } from '../../src/jobs/points/capture.ts';
import { readiness } from '../../src/jobs/readiness.ts';
import { readPoints } from '../../src/jobs/vault/points.ts';
import { readOnce } from '../../src/jobs/vault/read-once.ts';
import { drain, keyFile, newWorld, nodeFile, scheduled } from '../setup/memory-cycle.ts';
import { testPolicy } from '../setup/policy.ts';

describe('what the catalogue refuses', () => {
  it('a document that does not parse is reported with its key, never overwritten, and hides no other point', async () => {
    const { ports } = newWorld();
    await escrowKeys(ports, [keyFile, nodeFile]);
    await ports.vault.put('points/20261122t130000z.json', '{"schema":"point/1",', undefined);
    await capture(ports, testPolicy, scheduled);
    const run = async () => {
      for (let round = 0; round < 8; round += 1) {
        await expect(advance(ports, testPolicy)).rejects.toThrow('points/20261122t130000z.json: not JSON');
        ports.database.finish('snapshots');
        ports.database.finish('held');
        await drain(ports);
      }
    };
    await run();
    expect((await ports.vault.get('points/20261122t130000z.json'))?.body).toBe('{"schema":"point/1",');
    const status = await readiness(ports, testPolicy);
    expect(status.point).toBe('20261122t140000z');
    expect(status.findings).toMatchObject([{ code: 'VAULT_UNREADABLE', subject: 'points/20261122t130000z.json' }]);
  });

  it('an answer that a vault gives again is parsed once, and no reader changes it under another', async () => {
    const { ports } = newWorld();
    await capture(ports, testPolicy, scheduled);
    const once = readOnce(ports.vault);
    const [[first], [second]] = [(await readPoints(once)).points, (await readPoints(once)).points];
    expect(second).toBe(first);
    expect(() => Object.assign(second?.database ?? {}, { state: 'copied' })).toThrow('read only');
    expect(() => second?.history.pop()).toThrow(TypeError);
  });

  it('a newer schema is refused by name', async () => {
    const { ports } = newWorld();
    await ports.vault.put('points/20261122t130000z.json', '{"schema":"point/2"}', undefined);
    expect((await readPoints(ports.vault)).unreadable[0]?.problem).toContain('schema point/2');
  });

  it('a broken status document is told to people, lies aside as it was, and a good one takes its place', async () => {
    const { ports } = newWorld();
    const etag = await ports.vault.put('status.json', 'broken', undefined);
    const status = await readiness(ports, testPolicy);
    expect(ports.notifier.messages.map(emailText)[0]).toContain('VAULT_UNREADABLE (status.json)');
    expect((await ports.vault.get(vaultKeys.setAside('status.json', etag)))?.body).toBe('broken');
    expect(JSON.parse((await ports.vault.get('status.json'))?.body ?? '')).toEqual(status);
  });

  it('work for another direction is refused by every job that acts', async () => {
    const { ports } = newWorld();
    const direction = {
      schema: 'direction/1',
      direction: 'dr→primary',
      epoch: 3,
      changedAt: '2026-11-22T00:00:00.000Z',
    };
    await ports.vault.put('direction.json', JSON.stringify(direction), undefined);
    const refused = { code: 'WRONG_DIRECTION', message: expect.stringContaining('dr→primary (epoch 3)') };
    await expect(capture(ports, testPolicy, scheduled)).rejects.toMatchObject(refused);
    expect(await advance(ports, testPolicy)).toMatchObject({ points: [], runs: [] });
    await expect(reconcile(ports, testPolicy)).rejects.toMatchObject(refused);
    expect([...ports.vault.documents.keys()]).toEqual(['direction.json']);
  });

  it('a point of a shape that no transition makes', () => {
    expect(pointSchema.safeParse({ schema: 'point/1', id: 'x', state: 'happy' }).success).toBe(false);
  });
});
