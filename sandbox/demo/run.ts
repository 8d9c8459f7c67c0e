import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { loseThePrimary } from './disaster.ts';
import { install } from './install.ts';
import { loseAnArtifact, protect } from './protect.ts';
import { drillReport } from './recovery.ts';
import { rehearse } from './rehearse.ts';
import { writeReport } from './report.ts';
import { address, folder, history, operator, PACKAGES, sandbox, show, slack } from './site.ts';

async function demo(): Promise<void> {
  const installed = await install();
  await protect(installed);
  await loseAnArtifact(installed);
  const drills = await rehearse();
  const { run, failover, artifacts } = await loseThePrimary(installed);
  await writeReport(operator, folder, {
    artifacts,
    expectedArtifacts: PACKAGES + 1,
    history,
    drills: drills.map(drillReport),
    failover,
    notifications: installed.inbox.letters.length,
    timings: show.timings,
  });
  show.say('report written to sandbox/.run/report.json');
  if (run.state !== 'done' || !failover.rowsEqual || !failover.objectsEqual) {
    throw new Error(`the failover is not what was protected: ${JSON.stringify(failover)}`);
  }
}

/** What the catalogue and the emulator say, for whoever has to find out why. */
async function explain(): Promise<string> {
  await mkdir(folder, { recursive: true });
  await copyFile(join(address.folder, 'ministack.log'), join(folder, 'ministack.log'));
  const points = await operator.points().catch((error: Error) => error.message);
  return `The emulator's log is in sandbox/.run/ministack.log. The recovery points: ${JSON.stringify(points, null, 2)}`;
}

try {
  await demo();
  show.title('Done: protected, watched, rehearsed, failed over.');
} catch (error) {
  process.stderr.write(`\nThe demo failed: ${(error as Error).message}\n`);
  process.stderr.write(`${await explain()}\n`);
  process.exitCode = 1;
} finally {
  await slack.stop();
  await sandbox.stop();
}
