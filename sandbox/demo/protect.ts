import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { until } from '../until.ts';
import type { Installed } from './install.ts';
import { dr, inReplica, operator, replica, show, slack, untilReadiness } from './site.ts';

/** The first recovery point, up to READY. */
export async function protect({ builder, inbox }: Installed): Promise<void> {
  show.title('Protect');
  await show.step('capture', 'serverless invoke -f capture', () =>
    operator.serverless('invoke', '-f', 'capture', '-p', 'events/capture-manual.json'),
  );
  const uploaded = await builder.publish();
  await show.step(
    'event',
    `hab pkg upload: ${uploaded.ident.origin}/${uploaded.ident.name} reaches the replica by its event`,
    () => until('the uploaded package in the replica', () => inReplica(uploaded.key)),
  );
  const point = await show.step(
    'protected',
    'wait until the recovery point is protected',
    () => until('a protected point', async () => (await operator.points()).find((each) => each.state === 'protected')),
    (each) => `${each.id}, ${each.kind}`,
  );
  for (const { at, state, why } of point.history) show.say(`${at.slice(11, 19)}  ${state.padEnd(16)} ${why}`);
  const status = await show.step('ready', 'wait until readiness says READY, and the subscriber hears it', () =>
    untilReadiness('READY', inbox, 0),
  );
  show.say(`${show.word(status.status)}: a failover now would lose ${status.rpoMinutes?.toFixed(1)} minutes`);
}

/** What readiness says of a replica that has lost something, and that it comes back. */
export async function loseAnArtifact({ builder, inbox }: Installed): Promise<void> {
  show.title('Lose an artifact behind its back');
  const victim = builder.packages.at(-1)?.key ?? '';
  const before = inbox.letters.length;
  const lose = async (): Promise<void> => {
    await replica.send(new DeleteObjectCommand({ Bucket: dr.replicaBucket, Key: victim }));
    await operator.serverless('invoke', '-f', 'readiness', '-p', 'events/readiness.json');
  };
  await show.step('lose', `delete ${victim} from the replica`, lose);
  const lost = await show.step('notReady', 'wait until readiness notices and tells', () =>
    // The hourly comparison, here every minute, may bring it back before anybody looks: then it is lost again.
    untilReadiness('NOT_READY', inbox, before, async () => ((await inReplica(victim)) ? lose() : undefined)),
  );
  show.say(`${show.word(lost.status)}: ${lost.findings.map((each) => each.code).join(', ')}`);
  await show.step('repaired', 'wait until reconcile has brought it back', () =>
    until('the artifact in the replica', () => inReplica(victim)),
  );
  await operator.serverless('invoke', '-f', 'readiness', '-p', 'events/readiness.json');
  const again = await show.step('readyAgain', 'wait until readiness says READY again', () =>
    untilReadiness('READY', inbox, before + 1),
  );
  show.say(
    `${show.word(again.status)}, told in ${inbox.letters.length} messages, ${slack.posted.length} of them in Slack so far; the last one:`,
  );
  process.stdout.write(`\n${inbox.letters.at(-1)?.subject}\n\n${inbox.letters.at(-1)?.body.replace(/^/gm, '    ')}\n`);
}
