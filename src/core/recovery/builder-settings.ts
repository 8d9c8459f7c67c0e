import type { BuilderSettings } from '../policy.ts';

export type NewSite = { host: string; port: number; region: string; bucket: string; passwordIn: string };

/** Escapes nothing: host, region, bucket and role hold no quotes (they are checked by AWS and by PostgreSQL's role name rules). */
const quoted = (value: string) => JSON.stringify(value);

/**
 * What Builder's nodes need to find the new site, in the two forms that on-prem Builder takes: `user.toml` of
 * builder-api and `bldr.env`. For the backend `aws`, Builder's `endpoint` is the region's name. Holds no secret: it
 * says where each one is.
 */
export function builderSettings(site: NewSite, builder: BuilderSettings): Record<string, string> {
  const secrets = [
    `# password of ${builder.databaseRole}: ${site.passwordIn}`,
    `# S3 key id: ${builder.s3KeyId ?? 'as before'}; S3 secret key: ${builder.s3SecretKey ?? 'as before'}`,
  ];
  const toml = [
    '# /hab/user/builder-api/config/user.toml, after a failover. Put the secrets in by hand:',
    ...secrets,
    '[datastore]',
    `host = ${quoted(site.host)}`,
    `port = ${site.port}`,
    `user = ${quoted(builder.databaseRole)}`,
    `database = ${quoted(builder.databaseName)}`,
    'ssl_mode = "require"',
    'connection_timeout_sec = 5',
    '',
    '[s3]',
    'backend = "aws"',
    `endpoint = ${quoted(site.region)}`,
    `bucket_name = ${quoted(site.bucket)}`,
  ];
  const env = [
    '# bldr.env, after a failover: replace these lines. Put the secrets in by hand:',
    ...secrets,
    'export PG_EXT_ENABLED=true',
    `export POSTGRES_HOST=${site.host}`,
    `export POSTGRES_PORT=${site.port}`,
    `export PG_USER=${builder.databaseRole}`,
    'export S3_ENABLED=true',
    `export S3_REGION=${site.region}`,
    `export S3_BUCKET=${site.bucket}`,
  ];
  return { 'user.toml': `${toml.join('\n')}\n`, 'bldr.env': `${env.join('\n')}\n` };
}
