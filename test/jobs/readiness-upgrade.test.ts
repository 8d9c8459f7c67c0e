import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { emailText } from '../../src/core/notices/as-email.ts';
import { statusSchema } from '../../src/core/readiness/documents.ts';
import { readiness } from '../../src/jobs/readiness.ts';
import { parseDocument } from '../../src/jobs/vault/documents.ts';
import { TestClock, testPolicy } from '../setup/policy.ts';
import { memoryPorts } from '../world/ports.ts';

/** As version 0.1.0 wrote it at 14:20 in a world with nothing in it: findings without `next`, and a fingerprint. */
const recorded = readFileSync(join(import.meta.dirname, '..', 'recorded', 'status-0.1.0.json'), 'utf8');

async function upgradedWorld() {
  const clock = new TestClock('2026-11-22T14:35:00Z');
  const ports = memoryPorts(clock.read);
  ports.notifier.confirmed = 0;
  await ports.vault.put('status.json', recorded, undefined);
  return { clock, ports };
}

describe('the status that the version before wrote', () => {
  it('of the same state is no reason for a message, and is kept in the form of now', async () => {
    const { ports } = await upgradedWorld();
    await readiness(ports, testPolicy);
    expect(ports.notifier.messages).toEqual([]);
    const written = JSON.parse((await ports.vault.get('status.json'))?.body ?? '');
    expect(written.published).toEqual({
      at: '2026-11-22T14:05:00.000Z',
      told: {
        status: 'NOT_READY',
        recoverable: false,
        protecting: true,
        findings: [
          { code: 'BUILDER_KEY_MISSING', subject: 'bldr' },
          { code: 'NODE_CONFIG_MISSING', subject: 'node' },
          { code: 'NO_PROTECTED_POINT', subject: 'points' },
          { code: 'NO_SUBSCRIBER', subject: 'topic' },
        ],
      },
    });
  });

  it('of another state is told once, with what is new and what is gone', async () => {
    const { ports } = await upgradedWorld();
    ports.notifier.confirmed = 1;
    ports.database.facts = { ...ports.database.facts, multiAz: false };
    for (let n = 0; n < 2; n += 1) await readiness(ports, testPolicy);
    expect(ports.notifier.messages).toHaveLength(1);
    const [letter = ''] = ports.notifier.messages.map(emailText);
    for (const line of ['Still NOT_READY.', 'New: MULTI_AZ_OFF (database)', 'Gone: NO_SUBSCRIBER (topic)']) {
      expect(letter.split('\n')).toContain(line);
    }
  });

  it('counts the day to the next heartbeat from when people were told', async () => {
    const { ports, clock } = await upgradedWorld();
    clock.now = new Date('2026-11-23T14:04:00Z');
    await readiness(ports, testPolicy);
    expect(ports.notifier.messages).toEqual([]);
    clock.passMinutes(1);
    await readiness(ports, testPolicy);
    expect(ports.notifier.messages.map((each) => each.kind)).toEqual(['heartbeat']);
  });

  it('is refused by what is wrong with it when it is neither of that version nor of this one', () => {
    const wrong = recorded.replace('"rpoTargetMinutes": 120', '"rpoTargetMinutes": "long"');
    expect(() => parseDocument('status.json', wrong, statusSchema)).toThrow('rpoTargetMinutes');
    const odd = recorded.replace('"fingerprint"', '"odd"');
    expect(() => parseDocument('status.json', odd, statusSchema)).toThrow('published');
  });
});
