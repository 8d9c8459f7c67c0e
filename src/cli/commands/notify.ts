import type { Command } from '../command.ts';

export const notify: Command = {
  usage: 'notify',
  does: 'try the messages',
  options: [
    {
      flags: '--test',
      does: 'send one message of each kind, marked as a test, to everybody who hears the real ones',
      required: true,
    },
  ],
  async run({ site }) {
    const { ports } = await site();
    const { notifyTest } = await import('../../jobs/notify-test.ts');
    const report = await notifyTest(ports);
    const heard =
      report.subscribers > 0
        ? `${report.subscribers} confirmed subscribers hear them.`
        : 'NOBODY hears them: subscribe an address to the topic and confirm it.';
    return { json: report, text: [...report.sent, heard].join('\n'), healthy: report.subscribers > 0 };
  },
};
