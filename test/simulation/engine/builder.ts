import { FENCE_SID } from '../../../src/core/recovery/fence.ts';
import { vaultKeys } from '../../../src/core/vault-layout.ts';
import type { MemoryPorts } from '../../world/ports.ts';
import type { Data, Fact } from '../truth.ts';
import { allKeys, bldr, bytesOf, keyOf } from './pool.ts';

export type Rows = Map<string, string>;
type Site = 'primary' | 'dr';

/** Builder's own people and nodes: they write where they believe that Builder is, if that takes it. */
export class Builder {
  /** Rows of the primary database: key and checksum of the whole file. */
  readonly rows: Rows = new Map();
  /** Rows of instances in the DR region, by their names. */
  readonly restored = new Map<string, Rows>();
  /** Objects whose row is still to come. */
  readonly halves: { site: Site; key: string; blake2b: string }[] = [];
  readonly events: { key: string; event: 'Object Created' | 'Object Deleted' }[] = [];
  #data: Data | undefined;
  readonly #read = new Map<string, { etag: string; value: Record<string, unknown> }>();
  /** Connections that a swap of groups leaves alive until a reboot. */
  connected = true;
  /** Where most nodes are, and whether some were left behind. */
  site: Site = 'primary';
  stragglers = false;
  /** The other direction's stack has fenced DR. */
  drFenced = false;
  readonly #ports: MemoryPorts;
  readonly #tell: (fact: Fact) => void;

  constructor(ports: MemoryPorts, tell: (fact: Fact) => void) {
    this.#ports = ports;
    this.#tell = tell;
    const { reboot } = ports.fence;
    ports.fence.reboot = async () => {
      await reboot();
      this.connected = this.#hasGroup();
    };
  }

  /** What is in the primary database; nothing changes one that was taken. */
  get data(): Data | undefined {
    if (this.#ports.fence.renamed !== undefined) return undefined;
    this.#data ??= { rows: new Map(this.rows), revisions: [bldr.revision], damage: undefined };
    return this.#data;
  }

  /** The instance in DR that is in force, by the document that says so. */
  get nodesSentTo(): string | undefined {
    const { direction, failover } = this.#parsed(vaultKeys.direction);
    if (direction === undefined || direction === 'primary→dr' || typeof failover !== 'string') return undefined;
    const attempts = this.#parsed(vaultKeys.run('failovers', failover))['attempts'] as
      | { instance?: string }[]
      | undefined;
    return attempts?.at(-1)?.instance;
  }

  /** A document, as long as it can be read; what was read last, after that. */
  #parsed(key: string): Record<string, unknown> {
    const found = this.#ports.vault.documents.get(key);
    const last = this.#read.get(key);
    if (!found || last?.etag === found.etag) return last?.value ?? {};
    let value = last?.value ?? {};
    try {
      value = JSON.parse(found.body.toString()) as Record<string, unknown>;
    } catch {
      // Builder's nodes stay where they were sent.
    }
    this.#read.set(key, { etag: found.etag, value });
    return value;
  }

  #hasGroup(): boolean {
    return this.#ports.fence.state.groups.some(({ id, status }) => id === 'sg-builder' && status !== 'removing');
  }

  /** Whether a node that goes to the primary can write rows there. */
  get databaseTakesWrites(): boolean {
    const { fence } = this.#ports;
    if (fence.renamed !== undefined) return false;
    if (this.#hasGroup()) this.connected = true;
    return this.connected;
  }

  get bucketTakesWrites(): boolean {
    return !(this.#ports.fence.policy ?? '').includes(FENCE_SID);
  }

  #rowsAt(site: Site): Rows | undefined {
    if (site === 'primary') return this.databaseTakesWrites ? this.rows : undefined;
    const serving = this.drFenced ? undefined : this.nodesSentTo;
    return serving === undefined ? undefined : this.restored.get(serving);
  }

  #bucketAt(site: Site) {
    if (site === 'dr') return this.#ports.replica;
    return this.bucketTakesWrites ? this.#ports.primaryArtifacts : undefined;
  }

  /** A node of those that moved, or of those that did not. */
  siteOf(pick: number): Site {
    return this.site === 'dr' && !(this.stragglers && pick % 3 === 0) ? 'dr' : 'primary';
  }

  #event(site: Site, key: string, event: 'Object Created' | 'Object Deleted'): void {
    if (site === 'primary') this.events.push({ key, event });
    this.#tell({ what: 'builder-wrote', by: 'world', site, key });
  }

  #rowChanged(site: Site, key: string, checksum: string | undefined): void {
    if (site !== 'primary') return;
    this.#data = undefined;
    this.#tell({ what: 'row', by: 'world', key, checksum });
  }

  /** The object first, the row after; Builder refuses a package that it has. */
  upload(pick: number, variant: number, half = false): void {
    const site = this.siteOf(pick);
    const key = keyOf(pick);
    const rows = this.#rowsAt(site);
    const bucket = this.#bucketAt(site);
    // Builder asks its database first, and answers nothing without it.
    if (!rows || !bucket || rows.has(key)) return;
    const { body, blake2b } = bytesOf(key, variant);
    bucket.plant(key, body);
    this.#event(site, key, 'Object Created');
    if (half) this.halves.push({ site, key, blake2b });
    else this.#row(site, key, blake2b);
  }

  #row(site: Site, key: string, blake2b: string): void {
    const rows = this.#rowsAt(site);
    if (!rows || rows.has(key)) return;
    rows.set(key, blake2b);
    this.#rowChanged(site, key, blake2b);
  }

  finishRows(): void {
    for (const { site, key, blake2b } of this.halves.splice(0)) this.#row(site, key, blake2b);
  }

  /** Its owners upload again what its row names: Builder takes it by force. */
  repair(key: string, body: Buffer): void {
    this.#ports.primaryArtifacts.plant(key, body);
    this.#event('primary', key, 'Object Created');
  }

  /** Everybody is at home again, in a new instance. */
  comeHome(rows: Rows): void {
    this.rows.clear();
    for (const [key, checksum] of rows) this.rows.set(key, checksum);
    this.#data = undefined;
    this.connected = true;
    this.site = 'primary';
    this.stragglers = false;
    for (const [key, checksum] of rows) this.#tell({ what: 'row', by: 'world', key, checksum });
  }

  /** Row and object together. */
  remove(pick: number): void {
    const site = this.siteOf(pick);
    const key = keyOf(pick);
    const rows = this.#rowsAt(site);
    const bucket = this.#bucketAt(site);
    if (!rows?.has(key) || !bucket) return;
    rows.delete(key);
    this.#rowChanged(site, key, undefined);
    if (!bucket.versions.current(key)) return;
    bucket.lose(key);
    this.#event(site, key, 'Object Deleted');
  }

  removeMany(pick: number): void {
    for (let n = 0; n < allKeys.length / 2; n += 1) this.remove(pick + n);
  }
}
