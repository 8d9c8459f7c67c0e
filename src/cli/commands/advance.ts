import type { AdvanceReport } from '../../jobs/advance.ts';
import type { Command } from '../command.ts';

function advanceText(report: AdvanceReport): string {
  const lines = report.points.slice(-10).map((point) => `${point.id}  ${point.state}`);
  if (report.primaryDark) lines.push(`The primary does not answer: ${report.primaryDark}`);
  return lines.join('\n') || 'No recovery points.';
}

export const advance: Command = {
  usage: 'advance',
  does: 'move every point as far as it can go',
  async run({ site }) {
    const { ports, policy } = await site();
    const job = await import('../../jobs/advance.ts');
    const report = await job.advance(ports, policy);
    return { json: report, text: advanceText(report), healthy: report.primaryDark === undefined };
  },
};
