import { describe, expect, it } from 'vitest';
import { findingRules } from '../../src/core/findings.ts';
import { recoveryBlockers } from '../../src/core/readiness/assess.ts';
import type { StatusRecord } from '../../src/core/readiness/documents.ts';
import { vaultKeys } from '../../src/core/vault-layout.ts';
import { doctor } from '../../src/jobs/doctor.ts';
import { escrowKeys } from '../../src/jobs/keys/escrow.ts';
import { capture } from '../../src/jobs/points/capture.ts';
import { readiness } from '../../src/jobs/readiness.ts';
import { keyFile, newWorld, nodeFile, runToEnd, scheduled } from '../setup/memory-cycle.ts';
import { testPolicy } from '../setup/policy.ts';
import type { MemoryPorts } from '../world/ports.ts';

const escrowKey = vaultKeys.escrowed(keyFile.name);

async function protectedSite(): Promise<MemoryPorts> {
  const { ports } = newWorld();
  await escrowKeys(ports, [keyFile, nodeFile]);
  await capture(ports, testPolicy, scheduled);
  await runToEnd(ports);
  expect((await readiness(ports, testPolicy)).recoverable).toBe(true);
  return ports;
}

const told = ({ status, recoverable, findings }: StatusRecord) => ({
  status,
  recoverable,
  codes: findings.map((each) => each.code).sort(),
});
const failed = async (ports: MemoryPorts) =>
  (await doctor(ports, testPolicy)).filter((each) => !each.ok).map((each) => each.name);

describe('what makes a site not recoverable', () => {
  it.each(recoveryBlockers)('%s is critical, so that the alarm rings', (code) => {
    expect(findingRules[code].severity).toBe('critical');
  });

  it('is a replica bucket that is gone: readiness says so and goes on, and doctor does', async () => {
    const ports = await protectedSite();
    ports.replica.drop();
    const status = await readiness(ports, testPolicy);
    expect(told(status)).toMatchObject({ status: 'NOT_READY', recoverable: false, codes: ['REPLICA_MISSING'] });
    expect(status.findings[0]).toMatchObject({ subject: ports.replica.bucket, severity: 'critical' });
    expect(await failed(ports)).toContain('replica bucket');
  });

  it('is a replica bucket that is gone before there is a point', async () => {
    const { ports } = newWorld();
    ports.replica.drop();
    const { codes } = told(await readiness(ports, testPolicy));
    expect(codes).toContain('REPLICA_MISSING');
  });

  it('is an escrow envelope that is destroyed: its key counts as missing, and the document is named', async () => {
    const ports = await protectedSite();
    const held = await ports.vault.get(escrowKey);
    await ports.vault.put(escrowKey, (held?.body ?? '').slice(0, 40), held?.etag);
    const status = await readiness(ports, testPolicy);
    expect(told(status)).toEqual({
      status: 'NOT_READY',
      recoverable: false,
      codes: ['BUILDER_KEY_MISSING', 'VAULT_UNREADABLE'],
    });
    expect(status.findings.find((each) => each.code === 'VAULT_UNREADABLE')?.subject).toBe(escrowKey);
    expect(await failed(ports)).toContain('escrow of Builder keys');
  });

  it('names an inventory that left the vault, instead of dying of it', async () => {
    const ports = await protectedSite();
    const inventory = [...ports.vault.documents.keys()].find((key) => key.startsWith('inventory/')) ?? '';
    await ports.vault.remove(inventory);
    const { findings } = await readiness(ports, testPolicy);
    expect(findings.map((each) => [each.code, each.subject])).toContainEqual(['VAULT_UNREADABLE', inventory]);
  });
});
