import type { Check } from '../../jobs/doctor.ts';
import type { Command } from '../command.ts';
import { checkText } from '../text/checks.ts';

export const doctor: Command = {
  usage: 'doctor',
  does: 'try everything that the jobs need',
  async run({ site, output }) {
    const { ports, policy } = await site();
    const { bestEngine } = await import('../../adapters/hash-engines.ts');
    const job = await import('../../jobs/doctor.ts');
    const tell = (check: Check) => output.say(checkText(check));
    const engine: Check = { name: 'hash engine', ok: true, detail: (await bestEngine(0)).name };
    tell(engine);
    const checks = [engine, ...(await job.doctor(ports, policy, tell))];
    return { json: { checks }, healthy: checks.every((each) => each.ok) };
  },
};
