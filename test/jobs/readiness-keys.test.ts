import { describe, expect, it } from 'vitest';
import { vaultKeys } from '../../src/core/vault-layout.ts';
import { DrError } from '../../src/errors.ts';
import { advance } from '../../src/jobs/advance.ts';
import { reconcile } from '../../src/jobs/artifacts/reconcile.ts';
import { replicate } from '../../src/jobs/artifacts/replicate.ts';
import { escrowKeys } from '../../src/jobs/keys/escrow.ts';
import { capture } from '../../src/jobs/points/capture.ts';
import { readiness } from '../../src/jobs/readiness.ts';
import { readPoints } from '../../src/jobs/vault/points.ts';
import { TestClock, testPolicy } from '../setup/policy.ts';
import { memoryPorts } from '../world/ports.ts';

const material = Buffer.alloc(32, 7).toString('base64');
const secret = (revision: string, text = `BOX-SEC-1\nbldr-${revision}\n\n${material}`) => ({
  name: `bldr-${revision}.box.key`,
  mode: 0o400,
  content: Buffer.from(text),
});

const settings = { name: 'bldr.env', mode: 0o640, content: Buffer.from('export PG_EXT_ENABLED=true\n') };

function newWorld() {
  const clock = new TestClock();
  return { clock, ports: memoryPorts(clock.read) };
}

describe("escrow of Builder's keys", () => {
  it('seals the key files, ignores the rest, and changes nothing the second time', async () => {
    const { ports } = newWorld();
    const files = [
      secret('20240101000000'),
      { name: 'core-20240101000000.pub', mode: 0o444, content: Buffer.from('x') },
    ];
    expect(await escrowKeys(ports, files)).toEqual({
      sealed: ['bldr-20240101000000.box.key'],
      updated: [],
      published: [],
      unchanged: [],
      ignored: ['core-20240101000000.pub'],
    });
    const before = await ports.vault.get(vaultKeys.escrowed('bldr-20240101000000.box.key'));
    expect((await escrowKeys(ports, files)).unchanged).toEqual(['bldr-20240101000000.box.key']);
    expect(await ports.vault.get(vaultKeys.escrowed('bldr-20240101000000.box.key'))).toEqual(before);
  });

  it.each([
    ['another version', 'SIG-SEC-1\nbldr-20240101000000\n\nAAAA', 'its first line is not BOX-SEC-1'],
    ['another revision', `BOX-SEC-1\nbldr-20250101000000\n\n${material}`, 'it names another key'],
    ['a short key', 'BOX-SEC-1\nbldr-20240101000000\n\nAAAA', 'it holds 3 bytes of key'],
    ['an empty file', '', 'its first line is not BOX-SEC-1'],
  ])('refuses a key file with %s, and seals none of the others', async (_name, text, says) => {
    const { ports } = newWorld();
    const attempt = escrowKeys(ports, [secret('20230101000000'), secret('20240101000000', text)]);
    await expect(attempt).rejects.toMatchObject({ code: 'KEY_FILE_INVALID', message: expect.stringContaining(says) });
    expect([...ports.vault.documents.keys()]).toEqual([]);
  });

  it('refuses a folder without a secret key, and never overwrites another key of the same name', async () => {
    const { ports } = newWorld();
    await expect(escrowKeys(ports, [])).rejects.toMatchObject({ code: 'KEY_FILE_INVALID' });
    await escrowKeys(ports, [secret('20240101000000')]);
    const other = `BOX-SEC-1\nbldr-20240101000000\n\n${Buffer.alloc(32, 8).toString('base64')}`;
    const attempt = escrowKeys(ports, [secret('20240101000000', other)]);
    await expect(attempt).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(attempt).rejects.not.toThrow(Buffer.alloc(32, 8).toString('base64'));
  });

  it('a removed bldr-*.box.key is BUILDER_KEY_MISSING', async () => {
    const { ports } = newWorld();
    ports.primaryArtifacts.plant('core/a.hart', Buffer.from('a'));
    await escrowKeys(ports, [secret('20240101000000'), secret('20230101000000'), settings]);
    await capture(ports, testPolicy, { kind: 'scheduled', at: new Date('2026-11-22T14:00:00Z') });
    for (let round = 0; round < 6; round += 1) {
      await advance(ports, testPolicy);
      ports.database.finish('snapshots');
      ports.database.finish('held');
      for (const { key } of ports.queue.messages.splice(0)) await replicate(ports, key);
    }
    expect(await readiness(ports, testPolicy)).toMatchObject({ status: 'READY', recoverable: true });
    ports.vault.documents.delete(vaultKeys.escrowed('bldr-20230101000000.box.key'));
    const status = await readiness(ports, testPolicy);
    expect(status).toMatchObject({ status: 'NOT_READY', recoverable: false });
    expect(status.findings).toMatchObject([{ code: 'BUILDER_KEY_MISSING', subject: 'bldr-20230101000000' }]);
  });
});

describe('telling people', () => {
  it('tells a state once, its change, and a heartbeat a day later', async () => {
    const { ports, clock } = newWorld();
    for (let n = 0; n < 3; n += 1) await readiness(ports, testPolicy);
    expect(ports.notifier.messages).toHaveLength(1);
    clock.passMinutes(24 * 60);
    await readiness(ports, testPolicy);
    expect(ports.notifier.messages.map((each) => each.kind)).toEqual(['change', 'heartbeat']);
    await escrowKeys(ports, [secret('20240101000000')]);
    await readiness(ports, testPolicy);
    expect(ports.notifier.messages.at(-1)?.kind).toBe('change');
  });

  it('tells again what it could not record: at least once', async () => {
    const { ports } = newWorld();
    const { put } = ports.vault;
    ports.vault.put = async () => {
      throw new Error('died');
    };
    await expect(readiness(ports, testPolicy)).rejects.toThrow('died');
    ports.vault.put = put;
    await readiness(ports, testPolicy);
    expect(ports.notifier.messages).toHaveLength(2);
  });
});

describe('comparing the buckets', () => {
  it('queues what the replica lacks, and nothing while the last batch is not drained', async () => {
    const { ports } = newWorld();
    for (const name of ['a', 'b', 'c']) ports.primaryArtifacts.plant(`core/${name}.hart`, Buffer.from(name));
    expect(await reconcile(ports, testPolicy)).toMatchObject({ record: { missing: { count: 3 }, queued: 3 } });
    expect(await reconcile(ports, testPolicy)).toMatchObject({ record: { missing: { count: 3 }, queued: 0 } });
    for (const { key } of ports.queue.messages.splice(0)) await replicate(ports, key);
    expect(await reconcile(ports, testPolicy)).toMatchObject({
      record: { primary: 3, replica: 3, missing: { count: 0 } },
    });
  });

  it('knows an upload whose event never came from one that was there before', async () => {
    const { ports, clock } = newWorld();
    ports.primaryArtifacts.plant('core/old.hart', Buffer.from('old'));
    clock.passMinutes(60);
    await reconcile(ports, testPolicy);
    clock.passMinutes(1);
    ports.primaryArtifacts.plant('core/new.hart', Buffer.from('new'));
    clock.passMinutes(31);
    expect(await reconcile(ports, testPolicy)).toMatchObject({
      record: { eventless: { count: 1, samples: ['core/new.hart'] } },
    });
  });

  it('never overwrites an object of another size in the replica, and says so', async () => {
    const { ports } = newWorld();
    ports.primaryArtifacts.plant('core/a.hart', Buffer.from('right'));
    ports.replica.plant('core/a.hart', Buffer.from('wrong bytes'));
    await expect(replicate(ports, 'core/a.hart')).rejects.toMatchObject({ code: 'COPY_INCOMPLETE' });
    expect(await reconcile(ports, testPolicy)).toMatchObject({ record: { differing: { count: 1 }, queued: 1 } });
    expect((await ports.replica.head('core/a.hart'))?.size).toBe(11);
  });

  it('a DR site that does not answer is a failure, not a dark primary', async () => {
    const { ports } = newWorld();
    ports.primaryArtifacts.plant('core/a.hart', Buffer.from('a'));
    const silent = () => Promise.reject(new DrError('SITE_UNREACHABLE', 'the DR region is silent', { site: 'dr' }));
    await capture(ports, testPolicy, { kind: 'scheduled', at: new Date('2026-11-22T14:00:00Z') });
    ports.database.finish('snapshots');
    await advance(ports, testPolicy);
    ports.database.copyStatus = silent;
    await expect(advance(ports, testPolicy)).rejects.toMatchObject({ code: 'PARTIAL_FAILURE' });
    ports.replica.pages = async function* () {
      yield await silent();
    };
    await expect(reconcile(ports, testPolicy)).rejects.toMatchObject({ code: 'SITE_UNREACHABLE' });
  });

  it('a point is not protected while the replica holds another size of an artifact', async () => {
    const { ports } = newWorld();
    ports.primaryArtifacts.plant('core/a.hart', Buffer.from('right'));
    ports.replica.plant('core/a.hart', Buffer.from('wrong bytes'));
    await escrowKeys(ports, [secret('20240101000000')]);
    const { id } = await capture(ports, testPolicy, { kind: 'scheduled', at: new Date('2026-11-22T14:00:00Z') });
    for (let round = 0; round < 5; round += 1) {
      await advance(ports, testPolicy);
      ports.database.finish('snapshots');
      ports.database.finish('held');
    }
    const point = async () => (await readPoints(ports.vault)).points.find((each) => each.id === id);
    expect(await point()).toMatchObject({ state: 'listing+copying', artifacts: { state: 'replicating', missing: 1 } });
    ports.replica.plant('core/a.hart', Buffer.from('right'));
    await advance(ports, testPolicy);
    expect((await point())?.state).toBe('protected');
  });

  it('takes a package that is gone at the primary for done', async () => {
    const { ports } = newWorld();
    expect(await replicate(ports, 'core/gone.hart')).toBe('gone');
  });
});

describe('the status page', () => {
  it('is drawn anew by every assessment, with the history of those before', async () => {
    const { ports, clock } = newWorld();
    await readiness(ports, testPolicy);
    const first = (await ports.vault.get('status.html'))?.body ?? '';
    clock.now = new Date(clock.now.getTime() + 20 * 60_000);
    await readiness(ports, testPolicy);
    const second = (await ports.vault.get('status.html'))?.body ?? '';
    expect([first.includes('NO_PROTECTED_POINT'), first === second]).toEqual([true, false]);
    const { readings } = JSON.parse((await ports.vault.get('history.json'))?.body ?? '{}');
    expect(readings).toHaveLength(2);
  });

  it('of another run that was faster is kept, and the slower run does not fail', async () => {
    const { ports } = newWorld();
    const { put } = ports.vault;
    ports.vault.put = async (key, body, etag) => {
      if (key === vaultKeys.statusPage) await put(key, 'of the other run', etag);
      return put(key, body, etag);
    };
    expect((await readiness(ports, testPolicy)).status).toBe('NOT_READY');
    expect((await ports.vault.get(vaultKeys.statusPage))?.body).toBe('of the other run');
  });
});

describe('an outside monitor', () => {
  it('is called by every assessment; one that is not reached does not stop ours', async () => {
    const { ports } = newWorld();
    const calls: string[] = [];
    ports.deadMan = { ping: async () => void calls.push('called') };
    await readiness(ports, testPolicy);
    ports.deadMan = {
      ping: () => Promise.reject(new DrError('SITE_UNREACHABLE', 'the outside monitor does not answer')),
    };
    expect((await readiness(ports, testPolicy)).status).toBe('NOT_READY');
    expect(calls).toHaveLength(1);
  });
});

describe('the heartbeat', () => {
  it('is left in both regions, and a dark primary is no failure of the run', async () => {
    const { ports } = newWorld();
    await readiness(ports, testPolicy);
    expect(ports.metrics.held.primary.map((each) => each.name)).toEqual(['Heartbeat']);
    expect(ports.metrics.held.dr.map((each) => each.name)).toContain('NotReady');
    ports.metrics.dark = true;
    await readiness(ports, testPolicy);
    expect(ports.metrics.held.dr.filter((each) => each.name === 'Heartbeat')).toHaveLength(2);
  });
});
