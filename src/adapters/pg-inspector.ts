import type { Socket } from 'node:net';
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { DatabaseFacts, DatabaseLogin, Inspector, SealedRows } from '../core/ports/recovery.ts';
import { DrError } from '../errors.ts';

export type PgInspectorOptions = { newClient: (login: DatabaseLogin) => pg.Client };

/** Rows of each table that are tried with a key. */
const SAMPLES = 3;

/** The object's key of a package row, as Builder makes it (services/s3.rs); `ident_array` may be null in old rows. */
const PACKAGES = `COPY (
  SELECT json_build_object('key', key, 'checksum', checksum) FROM (
    SELECT array_to_string(parts, '/') || '/' || replace(target, '-', '/') || '/' ||
      array_to_string(parts, '-') || '-' || target || '.hart' AS key, checksum
    FROM (SELECT coalesce(ident_array, string_to_array(ident, '/')) AS parts, target, checksum FROM origin_packages) p
  ) k ORDER BY key COLLATE "C"
) TO STDOUT WITH (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')`;

/** Every column that Builder's own key seals, with the sealed text in plain BOX-1 form. */
const sealedColumns = [
  { table: 'origin_secret_keys', text: 'body', where: 'body IS NOT NULL' },
  { table: 'origin_private_encryption_keys', text: 'body', where: 'body IS NOT NULL' },
  { table: 'origin_integrations', text: 'body', where: 'body IS NOT NULL' },
  {
    table: 'account_tokens',
    // `_` and base64, whose trailing padding may be missing.
    text: "convert_from(decode(rpad(substr(token, 2), ((length(token) + 2) / 4) * 4, '='), 'base64'), 'UTF8')",
    where: "token ~ '^_[A-Za-z0-9+/]{8,}=*$'",
  },
];
type SealedColumn = (typeof sealedColumns)[number];

async function countRows(client: pg.Client, sql: string, values: unknown[] = []): Promise<Record<string, string>[]> {
  return (await client.query(sql, values)).rows as Record<string, string>[];
}

/** Takes Builder's rights for this transaction, if the master user does not have them. */
async function assumeRole(client: pg.Client, role: string): Promise<void> {
  const [found] = await countRows(client, 'SELECT oid FROM pg_roles WHERE rolname = $1', [role]);
  if (!found) return;
  const [has] = await countRows(client, "SELECT pg_has_role(current_user, $1, 'USAGE') AS yes", [role]);
  if (has?.['yes'] as unknown as boolean) return;
  const [server] = await countRows(client, "SELECT current_setting('server_version_num')::int >= 160000 AS modern");
  // From 16 on a membership may come without the rights of the role.
  const options = (server?.['modern'] as unknown as boolean) ? ' WITH INHERIT TRUE' : '';
  await inSavepoint(client, `GRANT ${client.escapeIdentifier(role)} TO CURRENT_USER${options}`);
}

/** One statement that may be refused, without losing the transaction. */
async function inSavepoint(client: pg.Client, sql: string): Promise<Record<string, string>[] | undefined> {
  await client.query('SAVEPOINT inSavepoint');
  try {
    const rows = await countRows(client, sql);
    await client.query('RELEASE SAVEPOINT inSavepoint');
    return rows;
  } catch (error) {
    await client.query('ROLLBACK TO SAVEPOINT inSavepoint');
    if ((error as { code?: string }).code?.startsWith('42')) return undefined; // not there, or not allowed
    throw error;
  }
}

async function tables(client: pg.Client): Promise<DatabaseFacts['tables']> {
  const found: DatabaseFacts['tables'] = [];
  const list = await countRows(
    client,
    "SELECT tablename AS name, tableowner AS owner FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename",
  );
  for (const { name = '', owner = '' } of list) {
    const counted = await inSavepoint(client, `SELECT count(*) AS rows FROM public.${client.escapeIdentifier(name)}`);
    found.push({ name, owner, rows: counted ? Number(counted[0]?.['rows']) : null });
  }
  return found;
}

/** Which revision a row is sealed for: the third line of the message, or the column that names it. */
async function sealed(client: pg.Client, { table, text, where }: SealedColumn): Promise<SealedRows[]> {
  const rows = await inSavepoint(
    client,
    `WITH sealed AS (SELECT ${text} AS body FROM ${table} WHERE ${where}),
      named AS (SELECT body, regexp_replace(split_part(body, E'\\n', 3), '^bldr-', '') AS revision
        FROM sealed WHERE body LIKE E'BOX-1\\n%')
     SELECT revision, count(*) AS rows, (array_agg(body))[1:${SAMPLES}] AS samples FROM named GROUP BY revision`,
  );
  const found = (rows ?? []) as unknown as { revision: string; rows: string; samples: string[] }[];
  return found.map(({ revision, rows: count, samples }) => ({ revision, table, rows: Number(count), samples }));
}

/** Revisions that secret keys name in their column, whatever their body holds. */
async function namedRevisions(client: pg.Client): Promise<SealedRows[]> {
  const rows = await inSavepoint(
    client,
    `SELECT encryption_key_rev AS revision, count(*) AS rows FROM origin_secret_keys
     WHERE encryption_key_rev IS NOT NULL AND body NOT LIKE E'BOX-1\\n%' GROUP BY 1`,
  );
  return (rows ?? []).map(({ revision = '', rows: count }) => ({
    revision,
    table: 'origin_secret_keys',
    rows: Number(count),
    samples: [],
  }));
}

async function facts(client: pg.Client): Promise<Omit<DatabaseFacts, 'packages'>> {
  const [server] = await countRows(client, 'SHOW server_version');
  const ledger = await inSavepoint(
    client,
    "SELECT count(*) AS count, coalesce(max(version), '') AS newest FROM __diesel_schema_migrations",
  );
  const [nextId] = await countRows(
    client,
    "SELECT pg_get_userbyid(proowner) AS owner FROM pg_proc WHERE proname = 'next_id_v1' AND pronamespace = 'public'::regnamespace",
  );
  const extensions = await countRows(client, 'SELECT extname AS name FROM pg_extension ORDER BY extname');
  const roles = await countRows(
    client,
    `SELECT r.rolname AS name, EXISTS (SELECT 1 FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
       WHERE m.member = r.oid AND g.rolname = 'rds_iam') AS iam FROM pg_roles r WHERE r.rolcanlogin ORDER BY 1`,
  );
  const keys = await inSavepoint(client, 'SELECT full_name AS name, body FROM origin_public_keys ORDER BY full_name');
  const found = await tables(client);
  const groups: SealedRows[] = await namedRevisions(client);
  for (const column of sealedColumns) groups.push(...(await sealed(client, column)));
  return {
    serverVersion: server?.['server_version'] ?? '',
    ledger: ledger?.[0] && { count: Number(ledger[0]['count']), newest: ledger[0]['newest'] ?? '' },
    extensions: extensions.map(({ name = '' }) => name),
    tables: found,
    nextId: nextId && { owner: nextId['owner'] ?? '' },
    roles: roles.map(({ name = '', iam }) => ({ name, iam: iam as unknown as boolean })),
    publicKeys: (keys ?? []).map(({ name = '', body = '' }) => ({ name, body })),
    sealed: groups,
  };
}

/** Real PostgreSQL, by one connection and in one transaction that leaves no trace. */
export function pgInspector({ newClient }: PgInspectorOptions): Inspector {
  return {
    async read(login, role, packages) {
      const client = newClient(login);
      try {
        await client.connect();
        await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
        await assumeRole(client, role);
        const found = await facts(client);
        const readable = found.tables.some((each) => each.name === 'origin_packages' && each.rows !== null);
        if (readable) await packages(client.query(copyTo(PACKAGES)));
        await client.query('ROLLBACK');
        const count = found.tables.find((each) => each.name === 'origin_packages')?.rows ?? undefined;
        return { ...found, packages: readable ? count : undefined };
      } catch (cause) {
        // A copy that was left half-way would keep the connection, and the end of it, waiting.
        (client as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
        if (cause instanceof DrError) throw cause;
        throw new DrError('REMOTE_FAILED', `cannot inspect ${login.host}: ${(cause as Error).message}`, {
          cause,
          hint: 'Look at the security groups of the instance and of the function, and at the certificate authority.',
        });
      } finally {
        await client.end();
      }
    },
  };
}
