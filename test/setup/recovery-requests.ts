import { allFindings } from '../../src/core/recovery/lifecycle.ts';
import type { InspectionReport } from '../../src/core/recovery/report.ts';
import type { Run } from '../../src/core/recovery/run.ts';
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
  startDrill(
    ports,
    testPolicy,
    alarmTest
      ? { kind: 'alarm-test', point: 'latest', at: ports.clock() }
      : { kind: 'drill', point: 'latest', readAll: false, at: ports.clock() },
  );
export const wrongOwner = (report: InspectionReport): InspectionReport => ({
  ...report,
  tables: report.tables.map((each) => ({ ...each, owner: 'postgres' })),
});
export const codes = (run: Run) => allFindings(run).map((each) => each.code);
