import { describe, expect, it } from 'vitest';
import { doctor } from '../../../src/jobs/doctor.ts';
import { newWorld } from '../../setup/memory-cycle.ts';
import { testPolicy } from '../../setup/policy.ts';
import type { MemoryPorts } from '../../world/ports.ts';

const check = async (ports: MemoryPorts) =>
  (await doctor(ports, testPolicy)).find((each) => each.name === 'a copy of one artifact');

describe('doctor has one artifact copied', () => {
  it('by the role of replicate, and says so', async () => {
    const { ports } = newWorld();
    ports.replicator.tryCopy = async () => ({ key: 'core/a.hart', bytes: 3, conditions: 'held' });
    const detail = 'core/a.hart (3 bytes) was copied and read by the role of replicate';
    expect(await check(ports)).toMatchObject({ ok: true, detail });
  });

  it('with its own credentials where there is no such function, and says so', async () => {
    const { ports } = newWorld();
    const found = await check(ports);
    expect(found).toMatchObject({ ok: true, detail: expect.stringContaining('with your own credentials') });
    expect(found?.detail).toContain('core/p0.hart (9 bytes)');
  });

  it('and says what the function could not do, without trying it some other way', async () => {
    const { ports } = newWorld();
    ports.replicator.tryCopy = async () => {
      throw new Error('copy primary/core/a.hart: AccessDenied: not authorized to perform kms:Decrypt');
    };
    expect(await check(ports)).toMatchObject({
      ok: false,
      detail: expect.stringContaining('kms:Decrypt'),
      hint: expect.stringContaining('primary.bucketKmsKey'),
    });
  });

  it('takes another one when the first can be copied by nobody, and fails when none can', async () => {
    const { ports } = newWorld(2);
    ports.primaryArtifacts.seal('core/p0.hart', 'archived');
    expect((await check(ports))?.detail).toContain('core/p1.hart');
    ports.primaryArtifacts.seal('core/p1.hart', 'own key');
    expect(await check(ports)).toMatchObject({ ok: false, detail: expect.stringContaining('own key') });
  });

  it('has nothing to try in an empty bucket, which is no failure', async () => {
    const { ports } = newWorld(0);
    expect(await check(ports)).toMatchObject({ ok: true, detail: expect.stringContaining('nothing to try') });
  });
});
