import { join } from 'node:path';
import { stackNames } from '../../src/core/names.ts';
import type { SeededBuilder } from '../seed/builder.ts';
import { prepareDrSite } from './dr-site.ts';
import { Inbox } from './inbox.ts';
import { createPrimarySite, seedPrimarySite } from './primary-site.ts';
import { address, config, dr, type Login, operator, PACKAGES, primary, show, slack } from './site.ts';

export type Installed = { builder: SeededBuilder; database: Login; inbox: Inbox };

/** A Builder, and this product beside it, as a user gets there. */
export async function install(): Promise<Installed> {
  show.title('A Builder, as it runs today');
  const database = await show.step('database', 'create an encrypted PostgreSQL instance and a bucket', () =>
    createPrimarySite(address, primary),
  );
  const builder = await show.step(
    'seed',
    `publish ${PACKAGES} signed packages, one of them larger than a multipart part`,
    () => seedPrimarySite(address, primary, database, PACKAGES),
    (made) =>
      `${made.packages.length} packages, ${(made.packages.reduce((sum, each) => sum + each.bytes, 0) / 1e6).toFixed(1)} MB`,
  );

  await show.step('drSite', "prepare DR: subnet group, parameter group, Builder's own credentials", () =>
    prepareDrSite(address, config, database.password, slack),
  );

  show.title('Install');
  await show.step('deployDr', 'serverless deploy', () => operator.serverless('deploy'));
  await show.step('deployRelay', 'serverless deploy --config serverless.primary.yml', () =>
    operator.serverless('deploy', '--config', 'serverless.primary.yml'),
  );
  const topicArn = `arn:aws:sns:${dr.region}:${address.account}:${stackNames(config.stage).topic}`;
  const inbox = await show.step('subscribe', 'subscribe to the readiness topic', () =>
    Inbox.subscribe(address, dr.region, topicArn),
  );
  await show.step('escrow', 'builder-dr keys escrow --from builder-keys', () =>
    operator.cli('keys', 'escrow', '--from', join(address.folder, 'builder-keys')),
  );
  return { builder, database, inbox };
}
