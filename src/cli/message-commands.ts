import { DrError } from '../errors.ts';
import { notifyTest } from '../jobs/notify-test.ts';
import type { Command } from './command.ts';

export const notifyNow: Command = async ({ ports }, _args, flags) => {
  if (!flags['test']) throw new DrError('BAD_USAGE', 'notify needs --test', { hint: '`builder-dr notify --test`' });
  const report = await notifyTest(ports);
  const heard =
    report.subscribers > 0
      ? `${report.subscribers} confirmed subscribers hear them.`
      : 'NOBODY hears them: subscribe an address to the topic and confirm it.';
  return { json: report, text: [...report.sent, heard].join('\n'), healthy: report.subscribers > 0 };
};
