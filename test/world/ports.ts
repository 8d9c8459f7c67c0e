import { randomUUID } from 'node:crypto';
import { wasmEngine } from '../../src/adapters/hash-engines.ts';
import type { Message } from '../../src/core/notices/message.ts';
import type { Log, Metric, Metrics, Ports, Signals } from '../../src/core/ports/all.ts';
import type { ArtifactMessage, WorkQueue } from '../../src/core/ports/artifacts.ts';
import type { Notifier } from '../../src/core/ports/people.ts';
import type { Escrow } from '../../src/core/ports/vault.ts';
import { DrError } from '../../src/errors.ts';
import { type MemoryArtifacts, memoryArtifacts } from './artifacts.ts';
import { type MemoryDatabase, memoryDatabase } from './database.ts';
import { type MemoryFence, memoryFence } from './fence.ts';
import { type MemoryOffers, memoryOffers } from './offers.ts';
import {
  type MemoryInspection,
  type MemoryInstances,
  memoryCutOver,
  memoryInspection,
  memoryInstances,
  memorySecrets,
} from './recovery.ts';
import { memoryVault } from './vault.ts';

export function memoryQueue(): WorkQueue & { messages: ArtifactMessage[] } {
  const messages: ArtifactMessage[] = [];
  return { messages, send: async (more) => void messages.push(...more), depth: async () => messages.length };
}

export function memoryNotifier(): Notifier & { messages: Message[]; confirmed: number } {
  const notifier = {
    messages: [] as Message[],
    confirmed: 1,
    publish: async (message: Message) => void notifier.messages.push(message),
    subscribers: async () => notifier.confirmed,
  };
  return notifier;
}

export function memorySignals(): Signals & {
  events: { detailType: string; detail: Record<string, unknown> }[];
  tick: boolean;
} {
  const signals = {
    events: [] as { detailType: string; detail: Record<string, unknown> }[],
    tick: false,
    emit: async (detailType: string, detail: Record<string, unknown>) =>
      void signals.events.push({ detailType, detail }),
    setTick: async (enabled: boolean) => {
      signals.tick = enabled;
    },
  };
  return signals;
}

function memoryMetrics(): Metrics & { held: { primary: Metric[]; dr: Metric[] }; dark: boolean } {
  const metrics = {
    held: { primary: [] as Metric[], dr: [] as Metric[] },
    dark: false,
    put: async (site: 'primary' | 'dr', more: Metric[]) => {
      if (metrics.dark && site === 'primary')
        throw new DrError('SITE_UNREACHABLE', 'put metrics: TimeoutError', { site });
      metrics.held[site].push(...more);
    },
  };
  return metrics;
}

/** Not encryption: content and name are only encoded. Real sealing is the KMS adapter's, in the contract suite. */
export function memoryEscrow(): Escrow & { unusable: { keyId: string; reason: string }[] } {
  const unusable: { keyId: string; reason: string }[] = [];
  return {
    unusable,
    seal: async ({ name, mode, content }, now) => ({
      schema: 'escrow/1',
      name,
      mode,
      sealedAt: now.toISOString(),
      keyId: 'memory',
      encryptedDataKey: Buffer.from(name).toString('base64'),
      iv: '',
      tag: '',
      ciphertext: Buffer.from(content).toString('base64'),
    }),
    open: async (envelope) => {
      if (Buffer.from(envelope.encryptedDataKey, 'base64').toString() !== envelope.name) {
        throw new DrError('VAULT_UNREADABLE', `${envelope.name}: sealed under another name`);
      }
      return Buffer.from(envelope.ciphertext, 'base64');
    },
    unusableKeys: async () => unusable,
  };
}

export const silentLog: Log = { info: () => undefined, warn: () => undefined };

export type MemoryPorts = Ports & {
  database: MemoryDatabase;
  primaryArtifacts: MemoryArtifacts;
  replica: MemoryArtifacts;
  removal: MemoryArtifacts['removal'];
  displaced: MemoryArtifacts;
  vault: ReturnType<typeof memoryVault>;
  queue: ReturnType<typeof memoryQueue>;
  notifier: ReturnType<typeof memoryNotifier>;
  signals: ReturnType<typeof memorySignals>;
  metrics: ReturnType<typeof memoryMetrics>;
  escrow: ReturnType<typeof memoryEscrow>;
  instances: MemoryInstances;
  offers: MemoryOffers;
  secrets: ReturnType<typeof memorySecrets>;
  fence: MemoryFence;
  inspection: MemoryInspection;
  cutOver: ReturnType<typeof memoryCutOver>;
};

let worlds = 0;

function nextWorld(): string {
  worlds += 1;
  return `${worlds}`;
}

/** A whole world in memory, with a clock that the test moves. `world`: what its buckets are named by, in this process. */
export function memoryPorts(clock: () => Date, world = nextWorld()): MemoryPorts {
  const vault = memoryVault(clock);
  const replica = memoryArtifacts(`replica-${world}`, clock);
  return {
    site: {
      stage: 'test',
      configFile: 'config/test.yml',
      partition: 'aws',
      primaryRegion: 'us-east-1',
      drRegion: 'us-west-2',
    },
    database: memoryDatabase('builder', clock),
    primaryArtifacts: memoryArtifacts(`primary-${world}`, clock),
    replicator: {
      tryCopy: () => Promise.reject(new DrError('NOT_FOUND', 'invoke hbdr-test-replicate: ResourceNotFoundException')),
    },
    replica,
    removal: replica.removal,
    displaced: memoryArtifacts(`vault-${world}`, clock),
    vault,
    escrow: memoryEscrow(),
    queue: memoryQueue(),
    chat: undefined,
    deadMan: undefined,
    notifier: memoryNotifier(),
    signals: memorySignals(),
    metrics: memoryMetrics(),
    instances: memoryInstances(),
    offers: memoryOffers(),
    secrets: memorySecrets(),
    fence: memoryFence(`primary-${world}`),
    inspection: memoryInspection(vault, clock),
    cutOver: memoryCutOver(),
    reverseVault: undefined,
    hashEngine: () => wasmEngine(2),
    newId: randomUUID,
    log: silentLog,
    clock,
  };
}
