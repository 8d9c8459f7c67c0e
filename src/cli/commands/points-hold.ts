import { DrError } from '../../errors.ts';
import type { Command } from '../command.ts';
import { pointsText } from '../text/points.ts';

/** An instant, or the end of a day (UTC): what is held until a day is held on that day, too. */
function untilOf(text: string): Date {
  const day = /^\d{4}-\d\d-\d\d$/.test(text);
  const until = new Date(day ? `${text}T00:00:00Z` : text);
  if (!Number.isNaN(until.getTime())) return day ? new Date(until.getTime() + 86_400_000) : until;
  throw new DrError('BAD_USAGE', `--until takes a day or an instant, and not ${text}`, {
    hint: 'As 2027-01-31, or 2027-01-31T18:00:00Z.',
  });
}

export const pointsHold: Command = {
  usage: 'points hold <id>',
  does: 'keep a point until a day, whatever the retention says',
  options: [
    { flags: '--reason <text>', does: 'why, for whoever reads it then', required: true },
    { flags: '--until <date>', does: 'the last day, as 2027-01-31, or an instant', required: true },
  ],
  async run({ args: [id = ''], flags, site }) {
    const until = untilOf(String(flags['until']));
    const { ports } = await site();
    const { holdPoint } = await import('../../jobs/points/hold.ts');
    const point = await holdPoint(ports, id, String(flags['reason']), until);
    return { json: point, text: pointsText([point]), healthy: true };
  },
};
