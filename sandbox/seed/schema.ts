const stamps = 'created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now()';
const id = (sequence: string) => `id bigint DEFAULT next_id_v1('${sequence}') PRIMARY KEY`;
const keyTable = (name: string, sequence: string, extra = '') => `
CREATE TABLE ${name} (${id(sequence)}, owner_id bigint, name text, revision text, full_name text UNIQUE,
  body text, ${stamps}, origin text REFERENCES origins(name)${extra});`;

const sequences = [
  'accounts',
  'account_tokens',
  'origin_invitations',
  'origin_package',
  'origin_package_settings',
  'origin_channel',
  'origin_public_key',
  'origin_secret_key',
  'origin_private_encryption_key',
  'origin_secrets',
  'origin_integrations',
  'audit_origin',
  'license_keys',
];

/** The tables of a Builder database that matter to recovery, in our own words. */
export const schemaSql = `
CREATE EXTENSION intarray;
${sequences.map((name) => `CREATE SEQUENCE ${name}_id_seq;`).join('\n')}
CREATE FUNCTION next_id_v1(sequence_id regclass, OUT result bigint) LANGUAGE plpgsql AS $$
BEGIN
  SELECT ((floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint - 1409266191000) << 23)
    | ((nextval(sequence_id) % 1024) << 13) INTO result;
END $$;
CREATE TYPE origin_package_visibility AS ENUM ('public', 'private', 'hidden');
CREATE TYPE origin_member_role AS ENUM ('readonly_member', 'member', 'maintainer', 'administrator', 'owner');
CREATE TYPE package_channel_operation AS ENUM ('promote', 'demote');
CREATE TYPE package_channel_trigger AS ENUM ('unknown', 'builder_ui', 'hab_client');
CREATE TYPE origin_operation AS ENUM ('origin_create', 'origin_delete', 'owner_transfer');
CREATE TABLE __diesel_schema_migrations (version varchar(50) PRIMARY KEY, run_on timestamp DEFAULT now() NOT NULL);
CREATE TABLE accounts (${id('accounts_id_seq')}, name text UNIQUE, email text, ${stamps});
CREATE TABLE account_tokens (${id('account_tokens_id_seq')}, account_id bigint UNIQUE, token text UNIQUE,
  created_at timestamptz DEFAULT now());
CREATE TABLE origins (name text PRIMARY KEY, owner_id bigint, ${stamps},
  default_package_visibility origin_package_visibility DEFAULT 'public' NOT NULL, hidden boolean DEFAULT false);
CREATE TABLE origin_members (origin text REFERENCES origins(name), account_id bigint, ${stamps},
  member_role origin_member_role DEFAULT 'readonly_member', UNIQUE (origin, account_id));
CREATE TABLE origin_packages (${id('origin_package_id_seq')}, owner_id bigint, name text, ident text,
  ident_array text[], checksum text, manifest text, config text, target text, deps text[], tdeps text[],
  exposes integer[], scheduler_sync boolean DEFAULT false, ${stamps},
  visibility origin_package_visibility DEFAULT 'public' NOT NULL, ident_vector tsvector,
  origin text REFERENCES origins(name), build_deps text[], build_tdeps text[],
  package_type text DEFAULT 'standard', hidden boolean DEFAULT false,
  CONSTRAINT origin_packages_ident_target_key UNIQUE (ident, target));
CREATE TABLE origin_package_settings (${id('origin_package_settings_id_seq')}, origin text, name text,
  visibility origin_package_visibility, owner_id bigint, ${stamps}, hidden boolean DEFAULT false,
  UNIQUE (origin, name));
CREATE TABLE origin_channels (${id('origin_channel_id_seq')}, owner_id bigint, name text, ${stamps},
  origin text REFERENCES origins(name), UNIQUE (origin, name));
CREATE TABLE origin_channel_packages (channel_id bigint REFERENCES origin_channels(id) ON DELETE CASCADE,
  package_id bigint REFERENCES origin_packages(id), ${stamps}, PRIMARY KEY (channel_id, package_id));
${keyTable('origin_public_keys', 'origin_public_key_id_seq')}
${keyTable('origin_secret_keys', 'origin_secret_key_id_seq', ', encryption_key_rev text')}
${keyTable('origin_public_encryption_keys', 'origin_public_key_id_seq')}
${keyTable('origin_private_encryption_keys', 'origin_private_encryption_key_id_seq')}
CREATE TABLE origin_secrets (${id('origin_secrets_id_seq')}, owner_id bigint, name text, value text, ${stamps},
  origin text REFERENCES origins(name));
CREATE TABLE origin_integrations (${id('origin_integrations_id_seq')}, origin text, integration text, name text,
  body text, ${stamps}, UNIQUE (origin, integration, name));
CREATE TABLE audit_package (operation package_channel_operation, trigger package_channel_trigger,
  requester_id bigint, requester_name text, created_at timestamptz DEFAULT now(), origin text, channel text,
  package_ident text);
CREATE TABLE audit_origin (${id('audit_origin_id_seq')}, operation origin_operation, target_object text,
  origin text, requester_id bigint, requester_name text, created_at timestamptz DEFAULT now());
CREATE TABLE license_keys (${id('license_keys_id_seq')}, account_id bigint UNIQUE NOT NULL,
  license_key text NOT NULL, expiration_date date NOT NULL, created_at timestamptz DEFAULT now());
`;

/** The first, an odd one, and the last entry of Builder's migration ledger. */
export const ledgerVersions = ['00000000000000', '20190419', '20250601111111'];
