import { ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { runDrill } from '../../sandbox/demo/recovery.ts';
import { until } from '../../sandbox/until.ts';
import type { Installed } from './install.ts';
import { dr, invoke, lambda, must, operator, protectedPoint, replica, show, slack, told } from './site.ts';

async function codeHashes(): Promise<Map<string, string>> {
  const { Functions = [] } = await lambda.send(new ListFunctionsCommand({}));
  return new Map(Functions.map((each) => [each.FunctionName ?? '', each.CodeSha256 ?? '']));
}

/** The point in flight is `advance`'s work of before and after: its state is in the vault. */
async function upgrade(): Promise<void> {
  const before = await codeHashes();
  await operator.serverless('deploy');
  const after = await codeHashes();
  must(before.size === after.size && before.size >= 10, `all functions are there: ${[...after.keys()]}`);
  for (const [name, hash] of after) must(before.get(name) !== hash, `${name} has other code than before`);
}

async function protectAnother(): Promise<string> {
  const { id } = await invoke('capture', 'capture-manual');
  await until('another protected point', () => protectedPoint(String(id)));
  return String(id);
}

/** Points that the policy does not keep: first by the word of an operator, then by the function. */
async function expire(old: string[], newest: string): Promise<void> {
  const { unconfirmed } = (await operator.cli('prune', '--dry-run')) as { unconfirmed?: { id: string } };
  must(unconfirmed !== undefined, 'the first prune waits for its confirmation');
  const waiting = await invoke('prune', 'prune');
  must(Array.isArray(waiting['removed']) && waiting['removed'].length === 0, 'nothing goes before');
  // What has come since changes the plan: it is read and confirmed again.
  await until('the confirmation', async () => {
    const plan = (await operator.cli('prune', '--dry-run')) as { unconfirmed?: { id: string }; stopped: unknown[] };
    if (!plan.unconfirmed) return plan.stopped.length === 0 ? true : undefined;
    return operator.cli('prune', '--confirm', plan.unconfirmed.id).then(
      () => true as const,
      () => undefined,
    );
  });
  await protectAnother();
  await until('the function removes what is older', async () => {
    await invoke('prune', 'prune');
    const points = await operator.points();
    const gone = [...old, newest].every((id) => points.every((each) => each.id !== id));
    return gone && points.some((each) => each.state === 'protected') ? true : undefined;
  });
}

export async function live({ builder, inbox }: Installed): Promise<void> {
  const { id } = await show.step('capture', 'capture by the deployed function', () =>
    invoke('capture', 'capture-manual'),
  );
  await show.step('upgrade', 'upgrade to this version while the point is in flight', upgrade);
  const uploaded = await builder.publish();
  await show.step('event', 'an uploaded artifact arrives by its event', () =>
    until('the artifact', () =>
      replica.send(new HeadObjectCommand({ Bucket: dr.replicaBucket, Key: uploaded.key })).then(
        () => true as const,
        () => undefined,
      ),
    ),
  );
  await show.step('protected', 'the point in flight survived the upgrade and is protected', () =>
    until('a protected point', () => protectedPoint(String(id))),
  );
  await show.step('ready', 'readiness arrives at a subscriber', () =>
    told(inbox, 'READY', (letter) => letter.status === 'READY'),
  );
  await show.step('slack', 'readiness is in Slack too, and the outside monitor was called', () =>
    until('Slack', async () =>
      slack.pings > 0 && slack.posted.some((each) => each.text.includes('READY')) ? true : undefined,
    ),
  );
  await show.step('page', 'the status page opens by its link, and by no other', async () => {
    const { url } = (await operator.cli('status', '--url')) as { url: string };
    const page = await fetch(url);
    const text = await page.text();
    must(page.headers.get('content-type') === 'text/html; charset=utf-8', 'a browser shows it');
    must(text.includes('Builder disaster recovery, stage sandbox') && text.includes('RPO over time'), 'it is the page');
    const [bare = ''] = url.split('?');
    must((await fetch(bare)).status === 403, 'nobody reads it without the signature');
  });
  await show.step('notify', 'a message of each kind is sent as a test, and Slack takes every one', async () => {
    const { subscribers } = (await operator.cli('notify', '--test')) as { subscribers: number };
    must(subscribers >= 2, `the address and Slack are subscribed: ${subscribers}`);
    await until('five tests', async () =>
      slack.posted.filter((each) => each.text.includes('TEST MESSAGE')).length >= 5 ? true : undefined,
    );
    must(slack.refused.length === 0, `Slack refuses nothing: ${slack.refused}`);
  });
  const newer = [await protectAnother(), await protectAnother()];
  await show.step('prune', 'points expire by the deployed prune function, once their plan is confirmed', () =>
    expire([String(id), newer[0] ?? ''], newer[1] ?? ''),
  );
  const drill = await show.step('drill', 'a drill restores and proves the point that was kept', () =>
    runDrill(operator, 'drill'),
  );
  must(drill.state === 'passed', `the drill passed: ${JSON.stringify(drill.history)}`);
  const plan = await invoke('failover', 'failover-plan');
  must(typeof plan['confirm'] === 'string', `the failover function answers plan: ${JSON.stringify(plan)}`);
}
