import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Run } from '../../src/core/recovery/run.ts';
import { drillReport, runDrill } from './recovery.ts';
import { folder, operator, show } from './site.ts';

/** The status page when there is something on it: a point that is proven, and the drill that proved it. */
async function keepStatusPage(drill: Run): Promise<void> {
  await operator.serverless('invoke', '-f', 'readiness', '-p', 'events/readiness.json');
  const { url } = (await operator.cli('status', '--url')) as { url: string };
  const answer = await fetch(url);
  const page = await answer.text();
  for (const expected of [`drill ${drill.id}: passed`, '>proven<']) {
    if (!page.includes(expected)) throw new Error(`the status page (${answer.status}) does not say ${expected}`);
  }
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'status.html'), page);
}

/** Proves the point, and then the alarm. */
export async function rehearse(): Promise<Run[]> {
  show.title('Rehearse the recovery');
  const drill = await show.step(
    'drill',
    'serverless invoke -f drill: restore into a scratch instance, look into it, compare it with the replica',
    () => runDrill(operator, 'drill'),
    (run) => `${run.state}, ${JSON.stringify(drillReport(run).phases)}`,
  );
  const proven = (await operator.points()).find((each) => each.id === drill.attempts[0]?.point);
  if (drill.state !== 'passed' || proven?.state !== 'proven')
    throw new Error(`the drill did not prove its point: ${JSON.stringify(drill)}`);
  show.say(`point ${proven.id} is ${proven.state}`);
  await show.step('page', 'keep the status page: sandbox/.run/status.html', () => keepStatusPage(drill));
  const alarm = await show.step(
    'alarmTest',
    'drill --alarm-test: a flipped byte, a missing object, a wrong key must be found and told',
    () => runDrill(operator, 'drill-alarm-test'),
    (run) => `${run.state}: ${drillReport(run).findings.join(', ')}`,
  );
  if (alarm.state !== 'passed') throw new Error(`the alarm test failed: ${JSON.stringify(alarm)}`);
  return [drill, alarm];
}
