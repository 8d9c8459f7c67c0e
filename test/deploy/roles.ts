import { GetRolePolicyCommand, IAMClient, ListRolePoliciesCommand } from '@aws-sdk/client-iam';
import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { clientOf } from '../../sandbox/demo/primary-site.ts';
import type { RecordedCall } from '../../sandbox/gateway/call.ts';
import type { SandboxAddress } from '../../sandbox/start.ts';
import type { Config } from '../../src/config.ts';
import { stackNames } from '../../src/core/names.ts';
import { dependentNeeds } from './dependent-permissions.ts';
import { type Account, compare, type Grant, grantsOf, needsOf, type RowComparisonResult } from './rights.ts';

export const functions = [
  'capture',
  'advance',
  'replicate',
  'reconcile',
  'readiness',
  'prune',
  'drill',
  'failover',
  'notify-slack',
  'inspect-database',
];

/** What a deployed role may do: its policies as CloudFormation resolved them. */
async function grantsOfRole(iam: IAMClient, RoleName: string): Promise<Grant[]> {
  const { PolicyNames = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
  const documents = await Promise.all(
    PolicyNames.map(async (PolicyName) => {
      const { PolicyDocument = '' } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
      return JSON.parse(decodeURIComponent(PolicyDocument));
    }),
  );
  return grantsOf(documents.flatMap((each) => each.Statement));
}

async function accountOf(address: SandboxAddress, { account, partition, dr }: Config): Promise<Account> {
  const kms = new KMSClient(clientOf(address, dr.region));
  const key = (await kms.send(new DescribeKeyCommand({ KeyId: dr.escrowKmsKey }))).KeyMetadata?.Arn ?? '';
  // One key of the stack serves all; calls name it by its alias.
  const keyArns = { vault: key, topic: key, escrow: key, [dr.escrowKmsKey]: key, [key]: key };
  return { partition, account, keyArns, vaultBucket: dr.vaultBucket };
}

/** Every function's role against what it called and what those calls depend on. */
export async function compareRoles(
  address: SandboxAddress,
  config: Config,
  calls: RecordedCall[],
): Promise<Record<string, RowComparisonResult>> {
  const iam = new IAMClient(clientOf(address, config.dr.region));
  const account = await accountOf(address, config);
  const names = stackNames(config.stage);
  const found: Record<string, RowComparisonResult> = {};
  for (const name of functions) {
    const role = `hbdr-${config.stage}-${name}`;
    // What is started by hand is taken as far as it goes: the failover function runs what advance runs.
    const acting = name === 'failover' ? [role, `hbdr-${config.stage}-advance`] : [role];
    const own = calls.filter((each) => acting.some((one) => each.principal.includes(`:assumed-role/${one}/`)));
    const needs = own.flatMap((each) => needsOf(each, account));
    const dependent = dependentNeeds({ name, config, account, names });
    found[name] = compare([...needs, ...dependent], await grantsOfRole(iam, role));
  }
  return found;
}

export function comparisonText(found: Record<string, RowComparisonResult>): string {
  return Object.entries(found)
    .flatMap(([name, { needed, missing, unneeded }]) => [
      `${name}: ${needed} needed, ${missing.length} missing, ${unneeded.length} never needed`,
      ...missing.map(({ action, arn, why }) => `  MISSING ${action} on ${arn} (${why})`),
      ...unneeded.map(({ action, resource }) => `  NEVER NEEDED ${action} on ${resource}`),
    ])
    .join('\n');
}
