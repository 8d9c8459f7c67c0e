import { DescribeRuleCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { CreateKeyCommand, DisableKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Inbox } from '../../sandbox/demo/inbox.ts';
import { clientOf } from '../../sandbox/demo/primary-site.ts';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { kmsEscrow } from '../../src/adapters/aws/kms-escrow.ts';
import { stackNames } from '../../src/core/names.ts';
import { emailText } from '../../src/core/notices/as-email.ts';
import { messageOf } from '../../src/core/notices/message.ts';
import type { Signals } from '../../src/core/ports/all.ts';
import type { WorkQueue } from '../../src/core/ports/artifacts.ts';
import type { Notifier } from '../../src/core/ports/people.ts';
import type { Envelope, Escrow } from '../../src/core/ports/vault.ts';
import { DR, until, World } from '../setup/world.ts';
import { memoryEscrow, memoryNotifier, memoryQueue, memorySignals } from '../world/ports.ts';

let sandbox: Sandbox;
let world: World;
beforeAll(async () => {
  sandbox = await startSandbox();
  world = await World.create(sandbox, 'services');
});
afterAll(() => sandbox.stop());

const file = { name: 'bldr-20240101000000.box.key', mode: 0o400, content: Buffer.from('BOX-SEC-1\nsecret') };

describe.each([
  ['memory', () => memoryEscrow()],
  ['KMS', () => world.ports.escrow],
] as [string, () => Escrow][])('escrow by %s', (_name, open) => {
  it('opens what it sealed, with name and mode', async () => {
    const envelope = await open().seal(file, new Date());
    expect(envelope).toMatchObject({ schema: 'escrow/1', name: file.name, mode: 0o400 });
    expect(Buffer.from(await open().open(envelope))).toEqual(file.content);
  });

  it('does not open a file under another name', async () => {
    const envelope = await open().seal(file, new Date());
    await expect(open().open({ ...envelope, name: 'bldr-20250101000000.box.key' })).rejects.toThrow();
  });

  it('has no complaint about keys that work', async () => {
    expect(await open().unusableKeys()).toEqual([]);
  });
});

describe('sealed files', () => {
  it('hold no byte of the secret in the clear', async () => {
    const text = JSON.stringify(await world.ports.escrow.seal(file, new Date()));
    expect(text).not.toContain('BOX-SEC-1');
    expect(text).not.toContain(file.content.toString('base64').slice(0, 12));
  });

  it('are refused when one bit was altered', async () => {
    const envelope: Envelope = await world.ports.escrow.seal(file, new Date());
    const bytes = Buffer.from(envelope.ciphertext, 'base64');
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    const altered = { ...envelope, ciphertext: bytes.toString('base64') };
    await expect(world.ports.escrow.open(altered)).rejects.toMatchObject({ code: 'VAULT_UNREADABLE' });
  });

  it('name every key that cannot be used, with the reason', async () => {
    const client = new KMSClient(clientOf(sandbox.address, DR));
    const { KeyMetadata } = await client.send(new CreateKeyCommand({}));
    const KeyId = KeyMetadata?.KeyId ?? '';
    await client.send(new DisableKeyCommand({ KeyId }));
    const escrow = kmsEscrow({ client, keyId: KeyId, neededKeys: [KeyId, 'alias/none'] });
    const found = await escrow.unusableKeys();
    expect(found.map((each) => each.keyId)).toEqual([KeyId, 'alias/none']);
    expect(found[0]?.reason).toContain('Disabled');
    await expect(escrow.seal(file, new Date())).rejects.toMatchObject({ code: 'KMS_UNUSABLE' });
  });
});

describe.each([
  ['memory', () => memoryQueue()],
  ['SQS', () => world.ports.queue],
] as [string, () => WorkQueue][])('the work queue on %s', (_name, open) => {
  it('takes more than one batch and knows its depth', async () => {
    const queue = open();
    expect(await queue.depth()).toBe(0);
    await queue.send([...Array(23).keys()].map((n) => ({ kind: 'repair', key: `k${n}` })));
    expect(await queue.depth()).toBe(23);
  });
});

const message = messageOf('[builder-dr test] READY', {
  schema: 'notice/1',
  kind: 'change',
  stage: 'test',
  id: '1',
  status: 'READY',
  tone: 'good',
  title: 'all is well',
  changed: ['second line'],
  numbers: [{ name: 'RPO', value: '1 min', target: '2 min' }],
  findings: [],
  findingsLeftOut: 0,
  notes: [],
  next: 'builder-dr status',
  at: '2026-11-22T00:00:00.000Z',
});

describe('the notifier', () => {
  it('in memory counts its subscribers and keeps what was published', async () => {
    const notifier: Notifier & { messages: unknown[] } = memoryNotifier();
    await notifier.publish(message);
    expect([await notifier.subscribers(), notifier.messages]).toEqual([1, [message]]);
  });

  it('on SNS reaches a subscriber with subject, body and attributes, and counts the confirmed ones', async () => {
    expect(await world.ports.notifier.subscribers()).toBe(0);
    const topic = `arn:aws:sns:${DR}:${world.config.account}:${stackNames('services').topic}`;
    const inbox = await Inbox.subscribe(sandbox.address, DR, topic);
    expect(await world.ports.notifier.subscribers()).toBe(1);
    await world.ports.notifier.publish(message);
    await until('the letter', async () => {
      await inbox.read();
      return inbox.letters[0];
    });
    expect(inbox.letters).toEqual([
      { subject: message.subject, body: emailText(message), status: 'READY', kind: 'change' },
    ]);
  });
});

describe('signals', () => {
  it('in memory remember the tick', async () => {
    const signals: Signals & { tick: boolean } = memorySignals();
    await signals.setTick(true);
    expect(signals.tick).toBe(true);
  });

  it('on EventBridge turn the tick rule on and off, however often, and accept events', async () => {
    const { signals } = world.ports;
    const rule = new EventBridgeClient(clientOf(sandbox.address, DR));
    const state = async () =>
      (await rule.send(new DescribeRuleCommand({ Name: stackNames('services').tickRule }))).State;
    for (const [enabled, expected] of [
      [true, 'ENABLED'],
      [true, 'ENABLED'],
      [false, 'DISABLED'],
    ] as const) {
      await signals.setTick(enabled);
      expect(await state()).toBe(expected);
    }
    await signals.emit('readiness.changed', { status: 'READY' });
  });
});
