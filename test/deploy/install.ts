/** Deploys both stacks as a user does, after a wrong configuration was refused. */
import { appendFile, copyFile, cp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareDrSite } from '../../sandbox/demo/dr-site.ts';
import { Inbox } from '../../sandbox/demo/inbox.ts';
import { Operator } from '../../sandbox/demo/operator.ts';
import { createPrimarySite, seedPrimarySite } from '../../sandbox/demo/primary-site.ts';
import { stackNames } from '../../src/core/names.ts';

import { address, config, dr, must, operator, primary, root, show, slack, stacks, stage } from './site.ts';

/** A configuration with a wrong and two missing settings must create nothing, and name all three. */
async function refuseBadConfiguration(): Promise<void> {
  const file = join(root, 'config', 'bad-by-test.yml');
  const { vpc: _vpc, ...withoutVpc } = primary;
  const bad = {
    ...config,
    stage: 'bad-by-test',
    primary: withoutVpc,
    dr: { ...dr, escrowKmsKey: undefined },
    policy: { ...config.policy, shrinkPercent: 'much' },
  };
  await writeFile(file, JSON.stringify(bad));
  try {
    const refusal = await operator.serverlessFor('bad-by-test', 'deploy').then(
      () => 'was deployed',
      (error: Error) => error.message,
    );
    for (const name of ['policy.shrinkPercent', 'dr.escrowKmsKey', 'primary.vpc']) {
      must(refusal.includes(name), `the refusal names ${name}: ${refusal.slice(0, 2_000)}`);
    }
    must((await stacks(dr.region)).length === 0, 'nothing was created');
  } finally {
    await rm(file);
  }
}

/** A checkout whose functions are not the ones of this: an upgrade from it replaces the code of each. */
async function previousVersion(): Promise<string> {
  const folder = join(address.folder, 'previous');
  for (const name of ['functions', 'src', 'infra', 'config', 'package.json', 'bundle.mjs']) {
    await cp(join(root, name), join(folder, name), { recursive: true });
  }
  for (const name of ['serverless.yml', 'serverless.primary.yml']) await copyFile(join(root, name), join(folder, name));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const entry of await readdir(join(folder, 'functions'), { withFileTypes: true })) {
    if (entry.isFile()) await appendFile(join(folder, 'functions', entry.name), "export const version = 'previous';\n");
  }
  return folder;
}

export async function install() {
  const database = await createPrimarySite(address, primary);
  const builder = await seedPrimarySite(address, primary, database, 20);
  await prepareDrSite(address, config, database.password, slack);
  await show.step('refuse', 'a wrong configuration creates nothing and is named whole', refuseBadConfiguration);
  await show.step('deploy', 'deploy both stacks, of another version than this one', async () => {
    const previous = new Operator(address, await previousVersion());
    await previous.serverless('deploy');
    await previous.serverless('deploy', '--config', 'serverless.primary.yml');
  });
  const names = stackNames(stage);
  const arn = (region: string, topic: string) => `arn:aws:sns:${region}:${address.account}:${topic}`;
  const inbox = await Inbox.subscribe(address, dr.region, arn(dr.region, names.topic));
  const relayInbox = await Inbox.subscribe(address, primary.region, arn(primary.region, `hbdr-${stage}-relay`));
  await operator.cli('keys', 'escrow', '--from', join(address.folder, 'builder-keys'));
  return { builder, inbox, relayInbox };
}

export type Installed = Awaited<ReturnType<typeof install>>;
