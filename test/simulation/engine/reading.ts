import type { StatusRecord } from '../../../src/core/readiness/documents.ts';

/** Nobody can read the record of the failover in hand: the finding says what takes it out. */
export const namesRelease = (status: StatusRecord | undefined): boolean =>
  status?.findings.some(({ code, text }) => code === 'FAILOVER_STUCK' && text.includes('failover release')) ?? false;

/** As a person reads it: `<point> (drill ... found ROWS_FELL ...)`. */
export function fallenPoint(status: StatusRecord | undefined): string | undefined {
  const text = status?.findings.find(({ code }) => code === 'POINT_REJECTED')?.text ?? '';
  return /(\d{8}t\d{6}z) \([^()]*ROWS_FELL/.exec(text)?.[1];
}
