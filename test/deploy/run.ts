/** Deploys both stacks as a user does, lives with them, upgrades, breaks and removes them: `npm run test:deploy`. */
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HeadBucketCommand } from '@aws-sdk/client-s3';
import { breakThings, failOver, loseAnArtifact, takeARightAway } from './break.ts';
import { type Installed, install } from './install.ts';
import { leftOver } from './left-over.ts';
import { live } from './live.ts';
import { compareRoles, comparisonText } from './roles.ts';
import { scanForSecrets } from './secrets.ts';
import {
  address,
  config,
  dr,
  must,
  operator,
  primary,
  replica,
  root,
  sandbox,
  show,
  slack,
  stacks,
  stage,
} from './site.ts';

/** What everything that was done left behind in logs and rights. */
async function judge({ inbox, relayInbox }: Installed): Promise<void> {
  await show.step('secrets', 'no secret is in a bundle, a template, a log, a document or a message', async () => {
    const told = [...inbox.letters, ...relayInbox.letters].map((each) => `${each.subject}\n${each.body}`);
    const { looked, secrets, found } = await scanForSecrets(address, config, slack, told);
    show.say(`${secrets} secrets looked for in ${JSON.stringify(looked)} characters`);
    must(found.length === 0, `no secret is anywhere: ${found.join('; ')}`);
    for (const kind of ['bundle', 'template', 'log', 'vault', 'message'])
      must((looked[kind] ?? 0) > 0, `a ${kind} was seen`);
  });
  await show.step('roles', 'every role holds what its function needs, and nothing else', async () => {
    const calls = await sandbox.control.calls();
    await writeFile(join(root, 'sandbox', '.run', 'calls.json'), JSON.stringify(calls));
    const compared = await compareRoles(address, config, calls);
    process.stdout.write(`${comparisonText(compared)}\n`);
    const wrong = Object.values(compared).filter((each) => each.missing.length + each.unneeded.length > 0);
    must(wrong.length === 0, 'no right is missing and none is never needed');
  });
}

async function remove(): Promise<void> {
  await show.step('remove', 'remove both stacks', async () => {
    await operator.serverless('remove', '--config', 'serverless.primary.yml');
    await operator.serverless('remove');
  });
  must([...(await stacks(dr.region)), ...(await stacks(primary.region))].length === 0, 'both stacks are gone');
  const left = await leftOver(address, [primary.region, dr.region], `hbdr-${stage}`);
  must(left.length === 0, `nothing is left but what is kept on purpose: ${left}`);
  for (const Bucket of [dr.replicaBucket, dr.vaultBucket]) await replica.send(new HeadBucketCommand({ Bucket }));
}

try {
  const installed = await install();
  await live(installed);
  await breakThings(installed);
  await Promise.all([takeARightAway(installed), loseAnArtifact()]);
  await failOver(installed);
  await installed.builder.close();
  await judge(installed);
  await remove();
  show.title('Done: deployed, lived, upgraded, broken, removed; replica and vault are kept.');
} catch (error) {
  process.stderr.write(`\nThe deployment test failed: ${(error as Error).message}\n`);
  await copyFile(join(address.folder, 'ministack.log'), join(root, 'sandbox', '.run', 'deploy-ministack.log'));
  process.exitCode = 1;
} finally {
  await slack.stop();
  await sandbox.stop();
}
