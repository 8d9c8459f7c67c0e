import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { handler as advance } from '../../functions/advance.ts';
import { handler as capture } from '../../functions/capture.ts';
import { handler as drill } from '../../functions/drill.ts';
import { handler as failover } from '../../functions/failover.ts';
import { handler as inspect } from '../../functions/inspect-database.ts';
import { handler as prune } from '../../functions/prune.ts';
import { handler as readiness } from '../../functions/readiness.ts';
import { handler as reconcile } from '../../functions/reconcile.ts';
import { handler as replicate } from '../../functions/replicate.ts';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { TRIAL_KEY } from '../../src/core/artifacts/reserved.ts';
import { environmentOf, World } from '../setup/world.ts';

let sandbox: Sandbox;
let world: World;

beforeAll(async () => {
  sandbox = await startSandbox();
  await sandbox.control.rds({ stateDelayMs: 50 });
  world = await World.create(sandbox, 'handlers');
  await world.createInstance();
  Object.assign(process.env, { POWERTOOLS_DEV: 'false', ...environmentOf(world.config) });
});
afterAll(() => sandbox.stop());

const event = (name: string): unknown =>
  JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'events', `${name}.json`), 'utf8'));
const context = { functionName: 'test', awsRequestId: '1' } as Context;
type Invoke = (event: unknown, context: Context) => Promise<unknown>;
/** A time whose slot has half an hour left at least, whenever the test runs. */
const inThisSlot = () => new Date(Date.now() + 1_800_000).toISOString();
const invoke = (handler: unknown, given: unknown) => (handler as Invoke)(given, context);

describe('the functions, through middy, with the events of events/', () => {
  it('capture makes a point by hand', async () => {
    expect(await invoke(capture, event('capture-manual'))).toMatchObject({ kind: 'manual', state: 'capturing' });
  });

  it('capture makes the point of the slot that the schedule names, and makes none for one that is long over', async () => {
    const made = { kind: 'scheduled', scheduledAt: inThisSlot() };
    const [first, second] = [await invoke(capture, made), await invoke(capture, made)];
    expect(first).toEqual(second);
    expect(await invoke(capture, event('capture'))).toEqual({ id: null, kind: 'scheduled', state: 'slot-over' });
  });

  it.each(['advance', 'advance-rds', 'advance-start', 'advance-report'])('advance takes %s.json', async (name) => {
    expect(await invoke(advance, event(name))).toMatchObject({ points: expect.any(Array) });
  });

  it('replicate copies what S3 events and repairs name', async () => {
    const { Records } = event('replicate') as { Records: { body: string }[] };
    const { key } = JSON.parse(Records[1]?.body ?? '{}') as { key: string };
    await world.upload(key);
    expect(await invoke(replicate, event('replicate'))).toEqual({ batchItemFailures: [] });
    expect(await world.ports.replica.head(key)).toMatchObject({ key });
  });

  it('replicate gives back the failed messages of a batch, and only those', async () => {
    const record = (messageId: string, body: unknown) => ({
      messageId,
      eventSource: 'aws:sqs',
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    await world.upload('core/good.hart');
    await world.upload('core/bad.hart');
    await sandbox.control.faults([{ kind: 'error-in-200', action: 'CopyObject', resource: 'core/bad.hart' }]);
    const batch = {
      Records: [
        record('good', { kind: 'repair', key: 'core/good.hart' }),
        record('bad', { kind: 'repair', key: 'core/bad.hart' }),
        record('alien', { hello: 'world' }),
        record('garbled', 'not json'),
      ],
    };
    const answer = await invoke(replicate, batch);
    await sandbox.control.faults([]);
    expect(answer).toEqual({
      batchItemFailures: [{ itemIdentifier: 'alien' }, { itemIdentifier: 'garbled' }, { itemIdentifier: 'bad' }],
    });
    expect(await world.ports.replica.head('core/good.hart')).toBeDefined();
    const bad = { Records: [record('bad', { kind: 'repair', key: 'core/bad.hart' })] };
    expect(await invoke(replicate, bad)).toEqual({ batchItemFailures: [] });
  });

  it('replicate fails no message for an artifact that nobody can copy, and sets it aside', async () => {
    const Bucket = world.config.primary.bucket;
    const cold = { Bucket, Key: 'core/cold.hart', Body: 'cold', StorageClass: 'DEEP_ARCHIVE' as const };
    await world.s3.send(new PutObjectCommand(cold));
    const body = JSON.stringify({ kind: 'repair', key: cold.Key });
    const batch = { Records: [{ messageId: '1', eventSource: 'aws:sqs', body }] };
    expect(await invoke(replicate, batch)).toEqual({ batchItemFailures: [] });
    expect((await world.ports.vault.get('uncopyable.json'))?.body).toContain(cold.Key);
    await world.s3.send(new DeleteObjectCommand({ Bucket, Key: cold.Key }));
    await invoke(replicate, batch);
    expect((await world.ports.vault.get('uncopyable.json'))?.body).not.toContain(cold.Key);
  });

  it('replicate copies and reads one artifact for doctor, and leaves nothing behind', async () => {
    await world.upload('core/a.hart', 'a');
    const tried = { key: expect.stringMatching(/^core\//), bytes: expect.any(Number), conditions: 'held' };
    expect(await invoke(replicate, event('replicate-doctor'))).toEqual(tried);
    await expect(world.ports.replica.open(TRIAL_KEY)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await world.s3.send(new DeleteObjectCommand({ Bucket: world.config.primary.bucket, Key: 'core/a.hart' }));
  });

  it('replicate notes a delete after it has asked the primary, however often and late it hears of it', async () => {
    const record = (messageId: string, type: string, key: string) => ({
      messageId,
      eventSource: 'aws:sqs',
      body: JSON.stringify({
        source: 'aws.s3',
        'detail-type': type,
        detail: { bucket: { name: world.config.primary.bucket }, object: { key } },
      }),
    });
    const [gone, back] = ['core/gone.hart', 'core/back.hart'];
    const created = { Records: [gone, back].map((key) => record(key, 'Object Created', key)) };
    for (const key of [gone, back]) await world.upload(key);
    await invoke(replicate, created);
    expect(await world.ports.vault.list('deletions/log/')).toEqual([]);
    await world.s3.send(new DeleteObjectCommand({ Bucket: world.config.primary.bucket, Key: gone }));
    const deleted = [gone, gone, back, 'core/never.hart'];
    const Records = deleted.map((key, n) => record(String(n), 'Object Deleted', key));
    expect(await invoke(replicate, { Records })).toEqual({ batchItemFailures: [] });
    const [log] = await world.ports.vault.list('deletions/log/');
    const notes = (await world.ports.vault.get(log?.key ?? ''))?.body
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(notes?.map(({ key, there }) => [key, there]).sort()).toEqual([
      [back, true],
      [gone, false],
      [gone, false],
    ]);
    expect(await world.ports.replica.head(gone)).toBeDefined();
  });

  it('reconcile and readiness take their events', async () => {
    await world.upload('core/missing.hart');
    expect(await invoke(reconcile, event('reconcile'))).toMatchObject({ record: { missing: { count: 1 } } });
    expect(await invoke(readiness, event('readiness'))).toMatchObject({ schema: 'status/1', status: 'NOT_READY' });
  });

  it('failover plans and tells, refuses what is not confirmed, and names every word that it does not know', async () => {
    expect(await invoke(failover, event('failover-plan'))).toMatchObject({ confirm: null, candidates: [] });
    expect(await invoke(failover, event('failover-status'))).toEqual([]);
    await expect(invoke(failover, event('failover-start'))).rejects.toMatchObject({ code: 'POINT_UNKNOWN' });
    await expect(invoke(failover, event('failover-release'))).rejects.toMatchObject({
      code: 'BAD_USAGE',
      message: expect.stringContaining('no failover is in hand'),
    });
    await expect(invoke(failover, { action: 'start', force: true })).rejects.toMatchObject({
      code: 'UNKNOWN_EVENT',
      hint: expect.stringContaining('events/failover*.json'),
    });
    await expect(invoke(failover, { action: 'failback-plan' })).rejects.toMatchObject({ code: 'BAD_USAGE' });
  });

  it('prune removes nothing without a policy', async () => {
    expect(await invoke(prune, event('prune'))).toMatchObject({ removed: [], stopped: [{ code: 'no-policy' }] });
  });

  it('drill starts one run for the same scheduled time, and inspect-database names a run that is not there', async () => {
    const [first, second] = [
      await invoke(drill, event('drill-scheduled')),
      await invoke(drill, event('drill-scheduled')),
    ];
    expect([first, second]).toEqual([first, { id: '20261122t030000z', state: 'planned' }]);
    await expect(
      invoke(inspect, { ...(event('inspect-database') as object), run: 'drills/none.json' }),
    ).rejects.toMatchObject({ code: 'RUN_UNKNOWN' });
  });

  it('after a cut-over the schedules and events have nothing to do, and what is done by hand is refused', async () => {
    const direction = { schema: 'direction/1', direction: 'none', epoch: 1, changedAt: new Date().toISOString() };
    await world.ports.vault.put('direction.json', JSON.stringify(direction), undefined);
    const skipped = { skipped: expect.stringContaining('protection flows none') };
    expect(await invoke(reconcile, event('reconcile'))).toEqual(skipped);
    expect(await invoke(prune, event('prune'))).toEqual(skipped);
    expect(await invoke(drill, event('drill-scheduled'))).toEqual(skipped);
    expect(await invoke(capture, { kind: 'scheduled', scheduledAt: inThisSlot() })).toMatchObject({
      state: 'wrong-direction',
    });
    await world.upload('core/of-the-old-site.hart');
    const body = JSON.stringify({ kind: 'repair', key: 'core/of-the-old-site.hart' });
    const repair = { Records: [{ messageId: '1', eventSource: 'aws:sqs', body }] };
    expect(await invoke(replicate, repair)).toEqual(skipped);
    expect(await world.ports.replica.head('core/of-the-old-site.hart')).toBeUndefined();
    await expect(invoke(capture, event('capture-manual'))).rejects.toMatchObject({ code: 'WRONG_DIRECTION' });
    await expect(invoke(drill, event('drill'))).rejects.toMatchObject({ code: 'WRONG_DIRECTION' });
    await world.ports.vault.remove('direction.json');
    await invoke(replicate, repair);
  });

  it.each([
    ['capture', capture],
    ['advance', advance],
    ['reconcile', reconcile],
    ['prune', prune],
    ['readiness', readiness],
    ['replicate', replicate],
    ['drill', drill],
    ['failover', failover],
    ['inspect-database', inspect],
  ])('%s refuses an unknown event with an error that names it', async (name, handler) => {
    const alien = { source: 'aws.ec2', 'detail-type': 'EC2 Instance State-change Notification' };
    await expect(invoke(handler, alien)).rejects.toMatchObject({
      code: 'UNKNOWN_EVENT',
      message: `${name} does not know the event aws.ec2 / EC2 Instance State-change Notification`,
    });
  });

  it('SDK errors escape the handler, so that retry, dead-letter queue and alarm see them', async () => {
    await sandbox.control.faults([{ kind: 'throttle', action: 'GetObject' }]);
    await expect(invoke(reconcile, event('reconcile'))).rejects.toMatchObject({ code: 'THROTTLED' });
    await sandbox.control.faults([{ kind: 'throttle', service: 'rds', action: 'DescribeDBSnapshots' }]);
    await expect(invoke(readiness, event('readiness'))).rejects.toMatchObject({ code: 'THROTTLED' });
    await sandbox.control.faults([{ kind: 'error-in-200', action: 'ListObjectsV2' }]);
    await expect(invoke(advance, event('advance'))).rejects.toThrow();
    await sandbox.control.faults([]);
  });
});
