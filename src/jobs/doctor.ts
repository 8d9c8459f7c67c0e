import { findingRules } from '../core/findings.ts';
import { takenLessOften, unsupported } from '../core/points/primary.ts';
import type { Policy } from '../core/policy.ts';
import type { Ports } from '../core/ports/all.ts';
import type { SnapshotFacts } from '../core/ports/database.ts';
import { lostText, versionText } from '../core/recovery/orderable.ts';
import { reportSchema } from '../core/recovery/report.ts';
import { vaultKeys } from '../core/vault-layout.ts';
import { DrError, describeError, hasCode } from '../errors.ts';
import { tryCopy } from './artifacts/try-copy.ts';
import { eachOf } from './each-of.ts';
import { readEscrowedRevisions } from './keys/envelope.ts';

import { unsupportedError } from './points/capture.ts';

import { lookAtClasses } from './recovery/classes.ts';

import { readDocument } from './vault/documents.ts';
import { readRuns } from './vault/runs.ts';

export type Check = { name: string; ok: boolean; detail: string; hint?: string };

type DoctorPorts = Pick<
  Ports,
  | 'database'
  | 'escrow'
  | 'fence'
  | 'instances'
  | 'notifier'
  | 'offers'
  | 'primaryArtifacts'
  | 'queue'
  | 'replica'
  | 'replicator'
  | 'secrets'
  | 'vault'
>;

type Look = { name: string; hint: string; look: (ports: DoctorPorts, policy: Policy) => Promise<string> };

/** At once: enough that a region that is dark costs few time-outs, little enough for any quota. */
const LOOKS_AT_ONCE = 6;

async function check({ name, hint, look }: Look, ports: DoctorPorts, policy: Policy): Promise<Check> {
  try {
    return { name, ok: true, detail: await look(ports, policy) };
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
async function references(ports: DoctorPorts, { builder }: Policy): Promise<string> {
  const named = [builder.databasePassword, builder.s3KeyId, builder.s3SecretKey].filter((each) => each !== undefined);
  for (const reference of named) await ports.secrets.resolve(reference);
  return `${named.length} references can be read`;
}

/** The role for logins by IAM is in the data: the last drill saw it, or did not. */
async function iamLogin(ports: DoctorPorts, { restore }: Policy): Promise<string> {
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

async function dataKeys({ escrow }: DoctorPorts): Promise<string> {
  const [first] = await escrow.unusableKeys();
  return first ? fault(`${first.keyId}: ${first.reason}`) : 'usable';
}

async function escrowedKeys({ vault }: DoctorPorts): Promise<string> {
  const { revisions, unreadable } = await readEscrowedRevisions(vault);
  if (unreadable.length > 0) return fault(unreadable.map((each) => each.problem).join('; '));
  return revisions.length > 0 ? `bldr revisions ${revisions.join(', ')}` : fault('no bldr-*.box.key in escrow');
}

async function subscribers({ notifier }: DoctorPorts): Promise<string> {
  const count = await notifier.subscribers();
  return count > 0 ? `${count} confirmed` : fault('nobody is subscribed and confirmed');
}

async function newestCopy({ database }: DoctorPorts): Promise<SnapshotFacts | undefined> {
  return (await database.copies()).toSorted((a, b) => Number(b.dataAt ?? 0) - Number(a.dataAt ?? 0))[0];
}

async function restoreTargets(ports: DoctorPorts, { restore }: Policy): Promise<string> {
  const { instances } = ports;
  const { subnetGroup, parameterGroup } = restore;
  const parameterGroupFamily = (await newestCopy(ports))?.parameterGroupFamily ?? 'postgres17';
  const missing = await instances.missing({ subnetGroup, parameterGroup, parameterGroupFamily });
  return missing.length > 0 ? fault(missing.map((each) => each.text).join('; ')) : 'there';
}

/** By the function's own role; by the caller's credentials, and said so, where the function cannot be asked. */
async function copyOfOne(ports: DoctorPorts): Promise<string> {
  // A region that is dark is found here: the function has all the time that a copy takes.
  await firstPage(ports.replica.pages());
  const { by, tried } = await triedBy(ports);
  if (!tried) return 'nothing to try: the primary bucket holds no artifact';
  const manners =
    tried.conditions === 'held' ? '' : '; the store ignores conditions of a copy, so copies go part by part';
  return `${tried.key} (${tried.bytes} bytes) was copied and read ${by}${manners}`;
}

async function triedBy(ports: DoctorPorts) {
  try {
    return { by: 'by the role of replicate', tried: await ports.replicator.tryCopy() };
  } catch (error) {
    if (!hasCode(error, 'NOT_FOUND', 'ACCESS_DENIED')) throw error;
    const tried = await tryCopy(ports);
    return { by: `with your own credentials, for replicate could not be asked (${error.message})`, tried };
  }
}

async function classes(ports: DoctorPorts, policy: Policy): Promise<string> {
  const copy = await newestCopy(ports);
  if (!copy) return 'no copy in the DR region to ask for yet';
  const found = await lookAtClasses(ports, policy, copy);
  const names = [...new Set([...found.failover, ...found.drill].map((each) => each.className))];
  const lost = lostText(found.failover) ?? lostText(found.drill);
  if (lost) return fault(`for ${versionText(found)}: ${lost}`);
  return `${names.join(', ')} can be ordered for ${versionText(found)}; that is no promise of capacity`;
}

async function primaryDatabase({ database }: DoctorPorts, policy: Policy): Promise<string> {
  const facts = await database.source();
  const why = unsupported(facts);
  if (why) throw unsupportedError(why);
  const less = takenLessOften(policy, facts);
  if (less) throw new DrError('BAD_CONFIG', less, { hint: findingRules.MULTI_AZ_OFF.hint });
  return `found; Multi-AZ ${facts.multiAz ? 'on' : 'off'}, backups ${facts.backupRetentionDays} days`;
}

const looks: Look[] = [
  {
    name: 'vault',
    hint: 'Deploy the DR stack.',
    look: async ({ vault }) => `${(await vault.list(vaultKeys.points)).length} points`,
  },
  { name: 'replica bucket', hint: 'Deploy the DR stack.', look: ({ replica }) => firstPage(replica.pages()) },
  { name: 'keys of the DR region', hint: 'Look at the key and its policy.', look: dataKeys },
  {
    name: 'escrow of Builder keys',
    hint: 'Run `builder-dr keys escrow --from /hab/cache/keys`.',
    look: escrowedKeys,
  },
  {
    name: 'work queue',
    hint: 'Deploy the DR stack.',
    look: async ({ queue }) => `${await queue.depth()} messages`,
  },
  { name: 'subscribers', hint: 'Subscribe to the topic and confirm it.', look: subscribers },
  {
    name: 'network and parameters for restores',
    hint: 'Make the groups that `restore:` names in the DR region.',
    look: restoreTargets,
  },
  {
    name: 'classes for restores',
    hint: 'Name classes in `restore:` that RDS offers in the DR region, and deploy.',
    look: classes,
  },
  {
    name: "Builder's own credentials",
    hint: 'Make the secrets that `builder:` names in the DR region.',
    look: references,
  },
  {
    name: 'login by IAM',
    hint: 'In the primary database: CREATE ROLE ... LOGIN; GRANT rds_iam TO ...',
    look: iamLogin,
  },
  {
    name: 'fence',
    hint: 'Deploy the relay stack: serverless deploy --config serverless.primary.yml',
    look: ({ fence }) => fence.fenceGroup(),
  },
  { name: 'primary database', hint: 'Check primary.database and the network.', look: primaryDatabase },
  {
    name: 'primary bucket',
    hint: 'Check primary.bucket and the network.',
    look: ({ primaryArtifacts }) => firstPage(primaryArtifacts.pages()),
  },
  {
    name: 'a copy of one artifact',
    hint: 'Let replicate read the primary bucket (and its key: primary.bucketKmsKey) and write the replica.',
    look: copyOfOne,
  },
];

/**
 * Tries everything that the jobs need, side by side, and says what does not work: each check to `tell` when it ends,
 * all of them in their order at the end.
 */
export function doctor(ports: DoctorPorts, policy: Policy, tell: (check: Check) => void = () => {}): Promise<Check[]> {
  return eachOf(looks, LOOKS_AT_ONCE, async (look) => {
    const found = await check(look, ports, policy);
    tell(found);
    return found;
  });
}
