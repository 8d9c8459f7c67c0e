import { DescribeDBInstancesCommand, DescribeDBSnapshotsCommand, type RDSClient } from '@aws-sdk/client-rds';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { blake2b256 } from '../../sandbox/seed/hart.ts';
import { isArtifactKey } from '../../src/core/artifacts/reserved.ts';
import { query, type RecoveryWorld } from '../setup/recovery-world.ts';
import type {
  Actor,
  BucketTruth,
  Bytes,
  Data,
  Fact,
  InstanceTruth,
  SnapshotTruth,
  Writable,
} from '../simulation/truth.ts';

export type Look = 'vault' | 'buckets' | 'snapshots' | 'instances' | 'writers';
type BucketName = 'primary' | 'replica' | 'displaced';
type Held = { current: Bytes | undefined; kept: Bytes[] };

/** Builder's key that seals its rows in a seeded Builder. */
const REVISION = '20240101000000';
const PROBE = '.builder-dr/oracle-probe';
const none: Held = { current: undefined, kept: [] };

/**
 * What truly lies in the sandbox, read by its own clients and never through the ports of the product. It is looked at anew
 * after every call that may have changed something; what changed since is told as facts.
 */
export class Mirror {
  readonly documents = new Map<string, Uint8Array>();
  readonly #held: Record<BucketName, Map<string, Held>> = {
    primary: new Map(),
    replica: new Map(),
    displaced: new Map(),
  };
  readonly snapshotsAt = { primary: new Map<string, SnapshotTruth>(), dr: new Map<string, SnapshotTruth>() };
  readonly instances = new Map<string, InstanceTruth>();
  readonly #hashes = new Map<string, string>();
  readonly #keyOf = new Map<string, string>();
  readonly #world: RecoveryWorld;
  readonly #tell: (fact: Fact) => void;
  rows: Data | undefined;
  writable: Writable = { database: true, bucket: true };

  constructor(world: RecoveryWorld, tell: (fact: Fact) => void) {
    this.#world = world;
    this.#tell = tell;
  }

  bucket(name: BucketName): BucketTruth {
    const held = this.#held[name];
    return {
      exists: true,
      current: (key) => held.get(key)?.current,
      kept: (key) => held.get(key)?.kept ?? [],
      keys: () => [...held].filter(([, { current }]) => current).map(([key]) => key),
    };
  }

  /** Under which key the object of a row lies. */
  names(key: string, checksum: string): void {
    this.#keyOf.set(checksum, key);
  }

  async look(by: Actor, ...at: Look[]): Promise<void> {
    const { world } = this.#world;
    const { primary, dr } = world.config;
    if (at.includes('buckets')) {
      await this.#lookAtBucket(by, 'primary', world.s3, primary.bucket);
      await this.#lookAtBucket(by, 'replica', world.drS3, dr.replicaBucket);
    }
    if (at.includes('vault') || at.includes('buckets')) await this.#lookAtVault(by);
    if (at.includes('writers')) await this.#lookAtWriters(by);
    if (at.includes('snapshots')) {
      await this.#lookAtSnapshots(by, 'primary', world.rds);
      await this.#lookAtSnapshots(by, 'dr', world.drRds);
    }
    if (at.includes('instances')) await this.#lookAtInstances(by);
  }

  /** Builder's rows as they are: asked of PostgreSQL, as long as it lets anybody in. */
  async readRows(): Promise<void> {
    const found = await query(this.#world.login, 'SELECT checksum FROM origin_packages');
    const rows = new Map<string, string>();
    for (const { checksum } of found) {
      const key = this.#keyOf.get(String(checksum));
      if (key !== undefined) rows.set(key, String(checksum));
    }
    const before = this.rows?.rows ?? new Map<string, string>();
    this.rows = { rows, revisions: [REVISION], damage: undefined };
    for (const [key, checksum] of rows) {
      if (before.get(key) !== checksum) this.#tell({ what: 'row', by: 'world', key, checksum });
    }
    for (const key of before.keys())
      if (!rows.has(key)) this.#tell({ what: 'row', by: 'world', key, checksum: undefined });
  }

  async #listed(
    client: S3Client,
    Bucket: string,
  ): Promise<Map<string, { ids: [string, Date, number, string][]; gone: boolean }>> {
    const found = new Map<string, { ids: [string, Date, number, string][]; gone: boolean }>();
    const of = (key: string) => {
      const made = found.get(key) ?? { ids: [], gone: true };
      found.set(key, made);
      return made;
    };
    for (let KeyMarker: string | undefined, VersionIdMarker: string | undefined; ; ) {
      const page = await client.send(new ListObjectVersionsCommand({ Bucket, KeyMarker, VersionIdMarker }));
      for (const each of page.Versions ?? []) {
        const entry = of(each.Key ?? '');
        entry.ids.push([each.VersionId ?? '', each.LastModified ?? new Date(0), each.Size ?? 0, each.ETag ?? '']);
        if (each.IsLatest) entry.gone = false;
      }
      for (const each of page.DeleteMarkers ?? []) of(each.Key ?? '');
      if (!page.IsTruncated) return found;
      KeyMarker = page.NextKeyMarker;
      VersionIdMarker = page.NextVersionIdMarker;
    }
  }

  async #body(client: S3Client, Bucket: string, Key: string, VersionId: string): Promise<Uint8Array> {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, VersionId }));
    return (await Body?.transformToByteArray()) ?? new Uint8Array();
  }

  async #lookAtBucket(by: Actor, name: BucketName, client: S3Client, Bucket: string, prefix = ''): Promise<void> {
    const listed = await this.#listed(client, Bucket);
    for (const [key, { ids, gone }] of listed) {
      if (!key.startsWith(prefix) || (prefix === '' && !isArtifactKey(key))) continue;
      const kept: Bytes[] = [];
      for (const [id, at, size, etag] of ids) {
        const of = `${Bucket} ${key} ${id}`;
        const blake2b =
          this.#hashes.get(of) ?? (await blake2b256(Buffer.from(await this.#body(client, Bucket, key, id))));
        this.#hashes.set(of, blake2b);
        kept.push({ etag, size, blake2b, since: at.getTime(), readable: true });
      }
      this.#change(by, name, key, { current: gone ? undefined : kept[0], kept });
    }
    for (const key of this.#held[name].keys()) if (!listed.has(key)) this.#change(by, name, key, none);
  }

  #change(by: Actor, bucket: BucketName, key: string, now: Held): void {
    const { current: before, kept } = this.#held[bucket].get(key) ?? none;
    this.#held[bucket].set(key, now);
    const { current: bytes } = now;
    if (bytes && (bytes.etag !== before?.etag || bytes.since !== before.since)) {
      this.#tell({ what: 'object', by, bucket, key, bytes, before });
    }
    if (before && !bytes) this.#tell({ what: 'object-deleted', by, bucket, key, before });
    for (const each of kept) {
      const stays = now.kept.some(({ blake2b, since }) => blake2b === each.blake2b && since === each.since);
      if (!stays) this.#tell({ what: 'version-gone', by, bucket, key, bytes: each });
    }
  }

  async #lookAtVault(by: Actor): Promise<void> {
    const { world } = this.#world;
    const Bucket = world.config.dr.vaultBucket;
    const listed = await this.#listed(world.drS3, Bucket);
    for (const [key, { ids, gone }] of listed) {
      const [id] = ids[0] ?? [];
      const of = `${Bucket} ${key} now`;
      if (gone || id === undefined || this.#hashes.get(of) === id || isDisplaced(key)) continue;
      const before = this.documents.get(key);
      const body = await this.#body(world.drS3, Bucket, key, id);
      this.#hashes.set(of, id);
      this.documents.set(key, body);
      this.#tell({ what: 'document', by, key, body, before });
    }
    for (const [key, before] of this.documents) {
      if (listed.get(key)?.gone === false) continue;
      this.documents.delete(key);
      this.#hashes.delete(`${Bucket} ${key} now`);
      this.#tell({ what: 'document-removed', by, key, before });
    }
    if ([...listed.keys()].some(isDisplaced))
      await this.#lookAtBucket(by, 'displaced', world.drS3, Bucket, 'displaced/');
  }

  async #lookAtSnapshots(by: Actor, site: 'primary' | 'dr', client: RDSClient): Promise<void> {
    const { DBSnapshots = [] } = await client.send(new DescribeDBSnapshotsCommand({ SnapshotType: 'manual' }));
    const held = this.snapshotsAt[site];
    const ours = DBSnapshots.filter((each) => each.DBInstanceIdentifier === this.#world.world.config.primary.database);
    for (const each of ours) {
      const name = each.DBSnapshotIdentifier ?? '';
      const before = held.get(name);
      const status = each.Status === 'available' || each.Status === 'failed' ? each.Status : 'creating';
      if (before?.status === status) continue;
      // Nothing else is at work meanwhile: the rows are those of the instant at which it was asked for.
      const data = site === 'dr' ? this.snapshotsAt.primary.get(name)?.data : (before?.data ?? this.rows);
      const dataAt = (each.OriginalSnapshotCreateTime ?? each.SnapshotCreateTime)?.getTime();
      const pointId = each.TagList?.find(({ Value }) => name === `hbdr-${Value}`)?.Value ?? name.slice('hbdr-'.length);
      const snapshot: SnapshotTruth = {
        name,
        site,
        pointId,
        status,
        dataAt,
        data: before?.data ?? data,
        startedAt: before?.startedAt ?? Date.now(),
      };
      held.set(name, snapshot);
      this.#tell({ what: before ? 'snapshot-changed' : 'snapshot-begun', by: before ? 'world' : by, snapshot });
    }
    for (const [name, snapshot] of held) {
      if (ours.some((each) => each.DBSnapshotIdentifier === name)) continue;
      held.delete(name);
      this.#tell({ what: 'snapshot-removed', by, snapshot });
    }
  }

  async #lookAtInstances(by: Actor): Promise<void> {
    const { DBInstances = [] } = await this.#world.world.drRds.send(new DescribeDBInstancesCommand({}));
    for (const each of DBInstances) {
      const name = each.DBInstanceIdentifier ?? '';
      const before = this.instances.get(name);
      const status = each.DBInstanceStatus ?? '';
      if (before?.status === status) continue;
      const instance: InstanceTruth = { name, status, snapshot: '', run: undefined, data: undefined };
      this.instances.set(name, instance);
      this.#tell({ what: before ? 'instance-changed' : 'instance-begun', by: before ? 'world' : by, instance });
    }
  }

  /** Whether Builder's own login gets in and writes, and whether the bucket takes an object: tried, not read out of settings. */
  async #lookAtWriters(by: Actor): Promise<void> {
    const { world, login } = this.#world;
    const database = await query(login, 'BEGIN; CREATE TABLE oracle_probe (); ROLLBACK').then(yes, no);
    const at = { Bucket: world.config.primary.bucket, Key: PROBE };
    const bucket = await world.s3.send(new PutObjectCommand({ ...at, Body: '' })).then(yes, no);
    if (bucket) await world.s3.send(new DeleteObjectCommand(at));
    const before = this.writable;
    this.writable = { database, bucket };
    if (before.database !== database || before.bucket !== bucket) {
      this.#tell({ what: 'writable', by, site: 'primary', now: this.writable, before });
    }
  }
}

const yes = (): boolean => true;
/** PostgreSQL's pg_hba, a connection that the server ends, and S3's policy refuse; whatever else goes wrong is no answer. */
const no = (error: { code?: string; name?: string; message?: string }): boolean => {
  const refuses = /^(28000|57P01|ECONNRESET|ECONNREFUSED)$/.test(error.code ?? '') || error.name === 'AccessDenied';
  if (!refuses && !/terminated/.test(error.message ?? '')) throw error;
  return false;
};
const isDisplaced = (key: string): boolean => /^displaced\/[0-9a-f]+$/.test(key);
