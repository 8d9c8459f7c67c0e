import { DeleteObjectCommand, PutBucketVersioningCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import type { ArtifactStore } from '../../src/core/ports/artifacts.ts';
import { memoryPorts } from '../world/ports.ts';
import type { World } from './world.ts';

/** The two stores that one contract suite asks, and what is done to them behind their backs. */
export type ArtifactStores = {
  source: ArtifactStore;
  replica: ArtifactStore;
  plant: (where: 'source' | 'replica', key: string, body: Buffer) => Promise<void>;
  /** From now on the replica keeps versions. */
  keepVersions: () => Promise<void>;
  lose: (key: string) => Promise<void>;
};

export async function storesOnS3(world: World): Promise<ArtifactStores> {
  const { primary, dr } = world.config;
  return {
    source: world.ports.primaryArtifacts,
    replica: world.ports.replica,
    plant: async (where, Key, Body) => {
      const [client, Bucket] = where === 'source' ? [world.s3, primary.bucket] : [world.drS3, dr.replicaBucket];
      await client.send(new PutObjectCommand({ Bucket, Key, Body }));
    },
    keepVersions: async () => {
      const VersioningConfiguration = { Status: 'Enabled' as const };
      await world.drS3.send(new PutBucketVersioningCommand({ Bucket: dr.replicaBucket, VersioningConfiguration }));
    },
    lose: async (Key) => {
      await world.drS3.send(new DeleteObjectCommand({ Bucket: dr.replicaBucket, Key }));
    },
  };
}

export async function storesInMemory(): Promise<ArtifactStores> {
  const ports = memoryPorts(() => new Date());
  const stores = { source: ports.primaryArtifacts, replica: ports.replica };
  return {
    ...stores,
    plant: async (where, key, body) => stores[where].plant(key, body),
    keepVersions: async () => ports.replica.keepVersions(),
    lose: async (key) => ports.replica.lose(key),
  };
}

/** A key with odd characters in it. */
export const artifactKey = (name: string) =>
  `core/${name}/1.0~r1+a b/20240101000000/x86_64/linux/core-${name}-1.0~r1+a b-20240101000000-x86_64-linux.hart`;
