import type { Policy } from '../core/policy.ts';
import type { Ports } from '../core/ports/all.ts';
import { reportSchema } from '../core/recovery/report.ts';
import { escrowedRevision, vaultKeys } from '../core/vault-layout.ts';
import { DrError, describeError } from '../errors.ts';
import { readDocument } from './vault/documents.ts';
import { readRuns } from './vault/runs.ts';

export type Check = { name: string; ok: boolean; detail: string; hint?: string };

async function check(name: string, hint: string, look: () => Promise<string>): Promise<Check> {
  try {
    return { name, ok: true, detail: await look() };
  } catch (error) {
    const own = error instanceof DrError ? error.hint : undefined;
    return { name, ok: false, detail: describeError(error), hint: own ?? hint };
  }
}

function fault(message: string): never {
  throw new Error(message);
}

async function firstPage(pages: AsyncIterable<unknown[]>): Promise<string> {
  for await (const page of pages) return `reachable, ${page.length} objects on the first page`;
  return 'reachable, empty';
}

/** Reads every reference; says nothing of what it found. */
async function references(ports: Ports, { builder }: Policy): Promise<string> {
  const named = [builder.databasePassword, builder.s3KeyId, builder.s3SecretKey].filter((each) => each !== undefined);
  for (const reference of named) await ports.secrets.resolve(reference);
  return `${named.length} references can be read`;
}

/** The role for logins by IAM is in the data: the last drill saw it, or did not. */
async function iamLogin(ports: Ports, { restore }: Policy): Promise<string> {
  if (!restore.iamAuthentication) return 'not used';
  if (!restore.iamRole) return fault('restore.iamAuthentication is on, and restore.iamRole names no role');
  const { runs } = await readRuns(ports.vault);
  const key = runs.findLast((each) => each.attempts.at(-1)?.inspection?.doneAt)?.attempts.at(-1)?.inspection?.report;
  const report = key ? await readDocument(ports.vault, key, reportSchema) : undefined;
  if (!report) return fault('no drill has looked for the role yet');
  const role = report.value.roles?.find((each) => each.name === restore.iamRole);
  if (!role) return fault(`the database of the last drill has no role ${restore.iamRole}`);
  return role.iam ? `${role.name} may log in by IAM` : fault(`${role.name} is not a member of rds_iam`);
}

/** Tries everything that the jobs need, one after another, and says what does not work. */
export async function doctor(ports: Ports, policy: Policy): Promise<Check[]> {
  return [
    await check(
      'vault',
      'Deploy the DR stack.',
      async () => `${(await ports.vault.list(vaultKeys.points)).length} points`,
    ),
    await check('replica bucket', 'Deploy the DR stack.', () => firstPage(ports.replica.pages())),
    await check('keys of the DR region', 'Look at the key and its policy.', async () => {
      const [first] = await ports.escrow.unusableKeys();
      return first ? fault(`${first.keyId}: ${first.reason}`) : 'usable';
    }),
    await check('escrow of Builder keys', 'Run `builder-dr keys escrow --from /hab/cache/keys`.', async () => {
      const entries = await ports.vault.list(vaultKeys.escrow);
      const revisions = entries.map((entry) => escrowedRevision(entry.key)).filter((each) => each !== undefined);
      return revisions.length > 0 ? `bldr revisions ${revisions.join(', ')}` : fault('no bldr-*.box.key in escrow');
    }),
    await check('work queue', 'Deploy the DR stack.', async () => `${await ports.queue.depth()} messages`),
    await check('subscribers', 'Subscribe to the topic and confirm it.', async () => {
      const count = await ports.notifier.subscribers();
      return count > 0 ? `${count} confirmed` : fault('nobody is subscribed and confirmed');
    }),
    await check(
      'network and parameters for restores',
      'Make the groups that `restore:` names in the DR region.',
      async () => {
        const { subnetGroup, parameterGroup } = policy.restore;
        const newest = (await ports.database.copies()).toSorted(
          (a, b) => Number(b.dataAt ?? 0) - Number(a.dataAt ?? 0),
        );
        const parameterGroupFamily = newest[0]?.parameterGroupFamily ?? 'postgres17';
        const missing = await ports.instances.missing({ subnetGroup, parameterGroup, parameterGroupFamily });
        return missing.length > 0 ? fault(missing.map((each) => each.text).join('; ')) : 'there';
      },
    ),
    await check("Builder's own credentials", 'Make the secrets that `builder:` names in the DR region.', () =>
      references(ports, policy),
    ),
    await check('login by IAM', 'In the primary database: CREATE ROLE ... LOGIN; GRANT rds_iam TO ...', () =>
      iamLogin(ports, policy),
    ),
    await check('fence', 'Deploy the relay stack: serverless deploy --config serverless.primary.yml', () =>
      ports.fence.fenceGroup(),
    ),
    await check('primary database', 'Check primary.database and the network.', async () => {
      const facts = await ports.database.source();
      return `found; Multi-AZ ${facts.multiAz ? 'on' : 'off'}, backups ${facts.backupRetentionDays} days`;
    }),
    await check('primary bucket', 'Check primary.bucket and the network.', () =>
      firstPage(ports.primaryArtifacts.pages()),
    ),
  ];
}
