import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { type Bridge, rootCredentials } from '../bridge.ts';
import {
  defaultSettings,
  type Group,
  type Instance,
  RdsFault,
  type RdsSettings,
  type Snapshot,
  type Tag,
} from './model.ts';
import type { PostgresHost } from './postgres.ts';

export type Caller = { accessKeyId: string; region: string };

/** Everything the RDS server knows, and the rules that all of its actions share. */
export class RdsWorld {
  readonly instances = new Map<string, Instance>();
  readonly snapshots = new Map<string, Snapshot>();
  readonly subnetGroups = new Map<string, Group>();
  readonly parameterGroups = new Map<string, Group>();
  readonly host: PostgresHost;
  readonly bridge: Bridge;
  readonly account: string;
  settings: RdsSettings = { ...defaultSettings };
  readonly #timers = new Set<NodeJS.Timeout>();
  /** How many describes do not see yet what was accepted. */
  readonly #unseen = new WeakMap<Instance | Snapshot, number>();
  /** What is due, and held back. */
  readonly #held: (() => Promise<void> | void)[] = [];
  #stopped = false;

  constructor(host: PostgresHost, bridge: Bridge, account: string) {
    this.host = host;
    this.bridge = bridge;
    this.account = account;
  }

  arn(region: string, kind: 'db' | 'snapshot' | 'pg' | 'subgrp', id: string): string {
    return `arn:aws:rds:${region}:${this.account}:${kind}:${id}`;
  }

  key(region: string, id: string): string {
    return `${region}/${id.toLowerCase()}`;
  }

  instance(region: string, id: string | undefined): Instance {
    const found = this.instances.get(this.key(region, id ?? ''));
    if (!found) throw new RdsFault('DBInstanceNotFound', `DBInstance ${id} not found.`, 404);
    return found;
  }

  /** Finds a snapshot by name in the region, or by ARN in any. */
  snapshot(region: string, reference: string | undefined): Snapshot {
    const parts = reference?.startsWith('arn:') ? reference.split(':') : undefined;
    const found = this.snapshots.get(this.key(parts?.[3] ?? region, parts?.[6] ?? reference ?? ''));
    if (!found) throw new RdsFault('DBSnapshotNotFound', `DBSnapshot ${reference} not found.`, 404);
    return found;
  }

  /** From now on it is there, for those who make another of its name; whoever describes it sees it later. */
  accept(item: Instance | Snapshot): void {
    this.#unseen.set(item, this.settings.unseenDescribes);
  }

  /** Whether this describe sees it. */
  sees(item: Instance | Snapshot): boolean {
    const left = this.#unseen.get(item) ?? 0;
    this.#unseen.set(item, Math.max(0, left - 1));
    return left === 0;
  }

  /** `tags` of the request; `own`: those that the one resource has already, where a policy may ask for them. */
  async allow(caller: Caller, action: string, resources: string[], tags: Tag[] = [], own: Tag[] = []): Promise<void> {
    const context = Object.fromEntries([
      ...tags.map((tag) => [`aws:RequestTag/${tag.Key}`, tag.Value]),
      ...own.map((tag) => [`aws:ResourceTag/${tag.Key}`, tag.Value]),
    ]);
    const answer = await this.bridge.authorize({ ...caller, action, resources, context });
    if (answer.allowed) return;
    throw new RdsFault(
      'AccessDenied',
      `User: ${answer.principal} is not authorized to perform: ${action} on resource: ${answer.resource ?? '*'}`,
      403,
    );
  }

  /** Both the key's state and the caller's rights on it decide, as in AWS, which tells it by its ARN from then on. */
  async requireKey(caller: Caller, keyId: string): Promise<string> {
    const region = keyId.startsWith('arn:') ? (keyId.split(':')[3] ?? caller.region) : caller.region;
    const kms = new KMSClient({ region, endpoint: this.bridge.endpoint, credentials: rootCredentials });
    const fault = (why: string) => new RdsFault('KMSKeyNotAccessibleFault', `The KMS key ${keyId} ${why}`);
    let arn: string;
    try {
      const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: keyId }));
      if (KeyMetadata?.KeyState !== 'Enabled') throw fault('is not enabled');
      arn = KeyMetadata.Arn ?? keyId;
    } catch (error) {
      throw error instanceof RdsFault ? error : fault('does not exist or is not accessible');
    } finally {
      kms.destroy();
    }
    for (const action of ['kms:DescribeKey', 'kms:CreateGrant']) {
      const forResource = action === 'kms:CreateGrant' ? { 'kms:GrantIsForAWSResource': 'true' } : {};
      const context = { 'kms:ViaService': `rds.${caller.region}.amazonaws.com`, ...forResource };
      const answer = await this.bridge.authorize({ ...caller, region, action, resources: [arn], context });
      if (!answer.allowed) throw fault(`is not accessible: ${answer.principal} may not ${action}`);
    }
    return arn;
  }

  later(work: () => Promise<void> | void, delayMs = this.settings.stateDelayMs): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (this.settings.held) this.#held.push(work);
      else void this.#run(work);
    }, delayMs);
    this.#timers.add(timer);
  }

  async #run(work: () => Promise<void> | void): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.#stopped) process.stderr.write(`sandbox rds: ${error}\n`);
    }
  }

  /** One after the other: what was asked for last is so at the end. */
  async #release(): Promise<void> {
    for (const work of this.#held.splice(0)) await this.#run(work);
  }

  configure(change: Partial<RdsSettings>): RdsSettings {
    this.settings = { ...this.settings, ...change };
    if (!this.settings.held) void this.#release();
    return this.settings;
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  /** Puts an RDS event on the region's bus, as often and as late as the settings say. */
  announce(kind: 'SNAPSHOT' | 'DB_INSTANCE', eventId: string, item: Instance | Snapshot, message: string): void {
    if (this.settings.events === 'drop') return;
    const arn = this.arn(item.region, kind === 'SNAPSHOT' ? 'snapshot' : 'db', item.id);
    const detail = {
      EventCategories: [kind === 'SNAPSHOT' ? 'creation' : 'notification'],
      SourceType: kind,
      SourceArn: arn,
      Date: new Date().toISOString(),
      Message: message,
      SourceIdentifier: item.id,
      EventID: eventId,
    };
    const entry = {
      Source: 'aws.rds',
      DetailType: kind === 'SNAPSHOT' ? 'RDS DB Snapshot Event' : 'RDS DB Instance Event',
      Detail: JSON.stringify(detail),
      Resources: [arn],
    };
    const entries = this.settings.events === 'double' ? [entry, entry] : [entry];
    this.later(() => this.bridge.putEvents(item.region, entries), this.settings.eventDelayMs);
  }
}
