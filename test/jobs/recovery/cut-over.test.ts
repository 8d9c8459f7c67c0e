import { describe, expect, it } from 'vitest';
import { emailText } from '../../../src/core/notices/as-email.ts';
import { DrError } from '../../../src/errors.ts';
import { advance } from '../../../src/jobs/advance.ts';
import { readDirection } from '../../../src/jobs/vault/direction.ts';
import { finishRun, protectedWorld, readRun, settle } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';
import { start } from '../../setup/recovery-requests.ts';

describe('a recovery goes on', () => {
  it('while messages cannot be sent, says so by failing, and tells them once they can', async () => {
    const { ports, ids } = await protectedWorld();
    const { publish } = ports.notifier;
    ports.notifier.publish = async () => Promise.reject(new DrError('REMOTE_FAILED', 'SNS is down'));
    const run = await start(ports, ids[0] ?? '');
    for (let n = 0; n < 12; n += 1) {
      await expect(advance(ports, testPolicy)).rejects.toMatchObject({
        code: 'PARTIAL_FAILURE',
        message: expect.stringContaining('SNS is down'),
      });
      settle(ports);
    }
    const ended = await readRun(ports, run);
    expect([ended.state, ended.errors.at(-1)?.message]).toEqual(['done', 'SNS is down']);
    ports.notifier.publish = publish;
    await advance(ports, testPolicy);
    expect(ports.notifier.messages.at(-1)?.subject).toContain('failover done');
  });

  it('while the bus takes no event and another document is broken', async () => {
    const { ports, ids } = await protectedWorld();
    ports.signals.emit = async () => Promise.reject(new DrError('REMOTE_FAILED', 'EventBridge is down'));
    await ports.vault.put('points/broken.json', 'broken', undefined);
    let run = await start(ports, ids[0] ?? '');
    for (let n = 0; n < 12 && run.state !== 'done'; n += 1) {
      settle(ports);
      run = await start(ports, ids[0] ?? '').catch(() => readRun(ports, run));
    }
    expect(run.state).toBe('done');
  });
});

describe('the cut-over', () => {
  it('goes on without Route 53 and parameters, and prints what is left to do by hand', async () => {
    const { ports, ids } = await protectedWorld();
    ports.cutOver.refuse = new DrError('SITE_UNREACHABLE', 'point builder-db.example.com: TimeoutError');
    const run = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect(run.state).toBe('done');
    expect(run.cutOver?.steps.map((each) => [each.name, each.ok])).toEqual([
      ['backups', true],
      ['builder settings', false],
      ['dns', false],
    ]);
    expect(ports.notifier.messages.map(emailText).at(-1)).toContain(
      'By hand: dns: change the record builder-db.example.com to CNAME 127.0.0.1',
    );
    expect((await ports.vault.get(`failovers/${run.id}/user.toml`))?.body).toContain('host = "127.0.0.1"');
  });

  it('tells the nodes again what was throttled once, and nothing is left to do by hand', async () => {
    const { ports, ids } = await protectedWorld();
    const throttled = Array.from({ length: 2 }, () => new DrError('THROTTLED', 'put parameter: ThrottlingException'));
    Object.defineProperty(ports.cutOver, 'refuse', { get: () => throttled.pop() });
    const run = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect([run.state, run.cutOver?.steps.every(({ ok }) => ok)]).toEqual(['done', true]);
    expect([ports.cutOver.hosts, Object.keys(ports.cutOver.files)]).toEqual([
      ['127.0.0.1'],
      expect.arrayContaining(['bldr.env']),
    ]);
    expect(ports.notifier.messages.map(emailText).at(-1)).not.toContain('By hand');
  });

  it("gives Builder's settings without a secret, to the vault and to the parameters", async () => {
    const { ports, ids } = await protectedWorld();
    const run = await finishRun(ports, await start(ports, ids[0] ?? ''));
    expect(ports.cutOver.hosts).toEqual(['127.0.0.1']);
    const text = ports.cutOver.files['bldr.env'] ?? '';
    expect(text).toContain('export POSTGRES_HOST=127.0.0.1');
    expect(text).toContain('# password of hab: secretsmanager:builder/database');
    for (const value of ports.secrets.values.values())
      expect(JSON.stringify([run, ports.cutOver.files])).not.toContain(value);
  });

  it('is not made when another failover was faster: it ends, and touches nothing any more', async () => {
    const { ports, ids } = await protectedWorld();
    const run = await start(ports, ids[0] ?? '');
    const other = {
      schema: 'direction/1',
      direction: 'none',
      epoch: 7,
      changedAt: '2026-11-22T00:00:00.000Z',
      failover: 'other',
    };
    await ports.vault.put('direction.json', JSON.stringify(other), (await ports.vault.get('direction.json'))?.etag);
    const ended = await finishRun(ports, run);
    expect([ended.state, ended.history.at(-1)?.why]).toEqual(['aborted', expect.stringContaining('epoch 7')]);
    expect([ports.instances.restores, ports.cutOver.hosts]).toEqual([[], []]);
    expect(await readDirection(ports.vault)).toMatchObject({ epoch: 7, failover: 'other' });
  });
});
