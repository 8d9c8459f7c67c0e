import { parseArgs } from 'node:util';
import { startSandbox } from '../../sandbox/start.ts';
import { ended, playOverParts, RDS_STATE_MS } from './play.ts';

/** npm run test:histories -- --seeds 50 --from 1; a sandbox of its own for every ten of them. Exit 1 on a violation, or a failover without an end. */
const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '50' }, from: { type: 'string', default: '1' } },
});
const from = Number(values.from);
const end = from + Number(values.seeds);
let broken = 0;
for (let first = from; first < end; first += 10) {
  const sandbox = await startSandbox();
  try {
    await sandbox.control.rds({ stateDelayMs: RDS_STATE_MS });
    for (let seed = first; seed < Math.min(first + 10, end); seed += 1) {
      const { state, calls, runs, threw, violations } = await playOverParts(sandbox, seed);
      process.stdout.write(
        `seed ${seed}: failover ${state}, ${runs} runs, ${calls} calls${threw.length > 0 ? `; threw: ${[...new Set(threw)].join(', ')}` : ''}\n`,
      );
      for (const { invariant, subject, said, so } of violations) {
        process.stdout.write(`  ${invariant} ${subject}: ${said}; ${so}\n`);
      }
      if (violations.length > 0 || !ended.test(state ?? 'none')) broken += 1;
    }
  } finally {
    await sandbox.stop();
  }
}
process.exitCode = broken > 0 ? 1 : 0;
