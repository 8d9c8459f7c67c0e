import type { Command } from '../command.ts';
import { checkText } from '../text/checks.ts';

export const keysCheck: Command = {
  usage: 'keys check',
  does: 'open all that is in escrow, and say whether the keys fit the rows',
  async run({ site }) {
    const { ports } = await site();
    const { checkKeys } = await import('../../jobs/keys/restore.ts');
    const checks = await checkKeys(ports);
    return { json: { checks }, text: checks.map(checkText).join('\n'), healthy: checks.every((each) => each.ok) };
  },
};
