import {
  DeleteObjectCommand,
  GetObjectTaggingCommand,
  ListObjectVersionsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { addMinutes } from '../../src/core/ids.ts';
import { transition } from '../../src/core/points/point.ts';
import { readDeletions } from '../../src/jobs/artifacts/deletion-marks.ts';
import { reconcile } from '../../src/jobs/artifacts/reconcile.ts';
import { removeWithheld } from '../../src/jobs/artifacts/remove-withheld.ts';
import { updatePoint } from '../../src/jobs/vault/points.ts';
import { RecoveryWorld } from '../setup/recovery-world.ts';

const KEY = 'core/extra/1.0/20240101000000/x86_64/linux/core-extra-1.0-20240101000000-x86_64-linux.hart';
let sandbox: Sandbox;
let subject: RecoveryWorld;
/** The jobs' clock runs ahead, and that of the vault with it: what they see is hours apart, the points are of now. */
let ahead = 0;
const later = () => {
  const { vault } = subject.ports;
  const list = async (prefix: string) =>
    (await vault.list(prefix)).map((each) => ({ ...each, lastModified: addMinutes(each.lastModified, ahead) }));
  return { ...subject.ports, clock: () => addMinutes(new Date(), ahead), vault: { ...vault, list } };
};
const compare = async () => {
  ahead += 30;
  await reconcile(later(), subject.world.policy);
  await subject.world.drain();
};
const remove = () => removeWithheld(later(), subject.world.policy);
const inReplica = async () => (await subject.ports.replica.head(KEY)) !== undefined;

beforeAll(async () => {
  sandbox = await startSandbox();
  await sandbox.control.rds({ stateDelayMs: 50 });
  subject = await RecoveryWorld.create(sandbox, 'deletes');
  const { drS3, config } = subject.world;
  const Bucket = config.dr.replicaBucket;
  await drS3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  const tag = { Key: 'hbdr-expired', Value: 'yes' };
  const days = { NoncurrentDays: config.replica.undeleteDays };
  const expired = {
    ID: 'expired',
    Status: 'Enabled' as const,
    Filter: { Tag: tag },
    NoncurrentVersionExpiration: days,
  };
  await drS3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules: [expired] } }));
});
afterAll(async () => {
  await subject.builder.close();
  await sandbox.stop();
});

describe('an artifact that is deleted at the primary, on real parts', () => {
  it('is withheld, leaves the replica with its last point, can be brought back, and ends; a kept point can be restored all the while', async () => {
    const { world, ports } = subject;
    const Bucket = world.config.dr.replicaBucket;
    const drilled = async () => (await subject.drill({ point: kept.id })).state;
    const kept = await subject.protect();
    await world.upload(KEY, 'HART-1\nno package');
    await compare();
    const listing = await subject.protect();
    await compare();
    await world.s3.send(new DeleteObjectCommand({ Bucket: world.config.primary.bucket, Key: KEY }));
    await compare();
    expect((await readDeletions(ports.vault))?.value).toMatchObject({ withheld: 1, mass: [] });
    expect([await remove(), await inReplica()]).toMatchObject([{ hidden: 0, waits: undefined }, true]);
    await updatePoint(ports, listing.id, (point) => transition(point, 'expired', new Date(), 'this test'));
    expect([await remove(), await inReplica()]).toMatchObject([{ hidden: 1 }, false]);
    expect(await drilled()).toBe('passed');

    const { DeleteMarkers } = await world.drS3.send(new ListObjectVersionsCommand({ Bucket, Prefix: KEY }));
    const VersionId = DeleteMarkers?.find(({ IsLatest }) => IsLatest)?.VersionId;
    await world.drS3.send(new DeleteObjectCommand({ Bucket, Key: KEY, VersionId }));
    expect([await remove(), await inReplica()]).toMatchObject([{ released: 0 }, true]);

    expect((await remove()).hidden).toBe(1);
    const [version] = await ports.removal.versions(KEY);
    expect(await remove()).toMatchObject({ released: 1, waits: undefined });
    const tags = await world.drS3.send(
      new GetObjectTaggingCommand({ Bucket, Key: KEY, VersionId: version?.versionId }),
    );
    expect(tags.TagSet).toEqual([{ Key: 'hbdr-expired', Value: 'yes' }]);
    const night = (days: number) =>
      sandbox.control.lifecycle(world.config.dr.region, Bucket, addMinutes(new Date(), days * 24 * 60));
    expect(await night(world.config.replica.undeleteDays - 1)).toEqual([]);
    expect((await night(world.config.replica.undeleteDays + 2)).map(({ key }) => key)).toEqual([KEY]);
    expect(await ports.removal.versions(KEY)).toEqual([]);
    expect(await drilled()).toBe('passed');
  });
});
