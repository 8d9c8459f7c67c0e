import type { InspectionReport, Recovery } from '../../src/core/recovery/documents.ts';
import { allFindings } from '../../src/core/recovery/run.ts';
import { startDrill } from '../../src/jobs/recovery/drill.ts';
import { type FailoverRequest, startFailover } from '../../src/jobs/recovery/failover.ts';
import type { MemoryPorts } from '../world/ports.ts';
import { testPolicy } from './policy.ts';

const request = (confirm: string, more: Partial<FailoverRequest> = {}): FailoverRequest => ({
  point: 'latest',
  confirm,
  planned: false,
  acceptUnfenced: false,
  acceptFindings: false,
  ...more,
});
export const start = (ports: MemoryPorts, confirm: string, more: Partial<FailoverRequest> = {}) =>
  startFailover(ports, testPolicy, request(confirm, more));
export const drill = (ports: MemoryPorts, alarmTest = false) =>
  startDrill(ports, testPolicy, { point: 'latest', alarmTest, at: ports.clock() });
export const wrongOwner = (report: InspectionReport): InspectionReport => ({
  ...report,
  tables: report.tables.map((each) => ({ ...each, owner: 'postgres' })),
});
export const codes = (run: Recovery) => allFindings(run).map((each) => each.code);
