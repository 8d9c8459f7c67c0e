import type { ReconcileRecord } from '../../core/artifacts/documents.ts';
import type { ReconcileReport } from '../../jobs/artifacts/reconcile.ts';
import type { Command } from '../command.ts';

function recordText(record: ReconcileRecord): string {
  const { primary, replica, missing, differing, queued } = record;
  return `primary ${primary}, replica ${replica}, missing ${missing.count}, differing ${differing.count}, queued ${queued}`;
}

function reconcileText(report: ReconcileReport): string {
  return 'record' in report ? recordText(report.record) : `Nothing compared: ${report.primaryDark}`;
}

export const reconcile: Command = {
  usage: 'reconcile',
  does: 'compare the buckets and queue what the replica lacks',
  async run({ site }) {
    const { ports, policy } = await site();
    const job = await import('../../jobs/artifacts/reconcile.ts');
    const report = await job.reconcile(ports, policy);
    const healthy = 'record' in report && report.record.missing.count === 0 && report.record.differing.count === 0;
    return { json: report, text: reconcileText(report), healthy };
  },
};
