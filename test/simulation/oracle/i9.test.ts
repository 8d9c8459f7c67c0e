import { describe, expect, it } from 'vitest';
import type { Message } from '../../../src/core/notices/message.ts';
import { i9 } from './i9.ts';
import { Made } from './made.ts';
import {
  directionDocument,
  drillDocument,
  failoverDocument,
  findingOf,
  ID,
  pointDocument,
  statusDocument,
  toldWorld,
} from './made-documents.ts';

/** An hour after all of it, and readiness has just looked. */
function atRest(made: Made, status: Parameters<typeof statusDocument>[0] = {}, passes = 30, messages = 3): string[] {
  made.minutes(60);
  made.begin(9, 'readiness');
  made.put(9, 'status.json', statusDocument(status, made.now));
  made.end(9);
  return made.rest(passes, messages).map(({ so }) => so);
}
function world(): Made {
  const made = toldWorld(new Made(i9));
  made.begin(9, 'advance');
  return made;
}
const message = (kind: 'change' | 'failover', status: string) =>
  ({ kind, id: 'failover-1', status, findings: [], numbers: [] }) as unknown as Message;

describe('I9: at rest', () => {
  it('everything has ended, and is ready', () => {
    const made = world();
    made.put(9, 'drills/drill-1.json', drillDocument());
    expect(atRest(made)).toEqual([]);
  });

  it('no point is on its way', () => {
    const made = world();
    made.put(9, `points/${ID}.json`, pointDocument({ state: 'listing+copying' }));
    expect(made.rest(3).map(({ so }) => so)).toEqual([]);
    expect(atRest(made)).toEqual([expect.stringContaining('it is listing+copying')]);
  });

  it('no run works', () => {
    const made = world();
    made.put(9, 'failovers/failover-1.json', failoverDocument());
    expect(atRest(made)).toEqual(['it is restoring']);
    const drill = world();
    drill.put(9, 'drills/drill-1.json', drillDocument({ state: 'inspecting' }));
    expect(atRest(drill)).toEqual([]);
    drill.minutes(180);
    expect(atRest(drill)).toEqual(['it is inspecting']);
  });

  it('a run is blocked where people were told', () => {
    const made = world();
    made.put(9, 'failovers/failover-1.json', failoverDocument({ state: 'blocked' }));
    expect(atRest(made)).toEqual(['it is blocked, and nobody was told']);
    made.see({ what: 'message', by: 'world', message: message('failover', 'blocked') });
    expect(atRest(made)).toEqual([]);
  });

  it('no instance is left that nobody is told of', () => {
    const made = world();
    const instance = { name: 'hbdr-1', status: 'available', snapshot: '', run: 'drills/drill-1.json', data: undefined };
    made.restored.push(instance);
    made.put(9, instance.run, drillDocument());
    expect(atRest(made)).toEqual(['its scratch instance is still there']);
    instance.run = 'failovers/failover-1.json';
    made.put(9, instance.run, failoverDocument({ state: 'aborted' }));
    expect(atRest(made)).toEqual([expect.stringContaining('its instance is there')]);
    const findings = [{ ...findingOf('LEFTOVER_INSTANCE', 'hbdr-1'), severity: 'info' as const }];
    expect(atRest(made, { findings })).toEqual([]);
  });

  it('no message waits, and few were needed', () => {
    const made = world();
    made.queued = 2;
    expect(atRest(made)).toEqual(['2 messages wait']);
    made.queued = 0;
    expect(atRest(made, {}, 30, 61)).toEqual(['60 are enough']);
  });

  it('no message comes again and again', () => {
    const made = world();
    for (let n = 0; n < 3; n += 1) made.see({ what: 'message', by: 'world', message: message('change', 'READY') });
    expect(atRest(made)).toEqual([]);
    made.see({ what: 'message', by: 'world', message: message('change', 'READY') });
    expect(atRest(made)).toEqual(['nothing has changed']);
    made.see({ what: 'message', by: 'world', message: message('change', 'DEGRADED') });
    expect(atRest(made)).toEqual([]);
  });

  it('the status is of now', () => {
    const made = world();
    made.put(9, 'status.json', statusDocument({}, made.now + 7_200_000));
    expect(made.rest().map(({ so }) => so)).toEqual([expect.stringContaining('120 minutes off')]);
  });

  it('the site is ready, but for a drill that failed, or is elsewhere', () => {
    const made = world();
    const findings = [findingOf('COPY_STUCK')];
    expect(atRest(made, { status: 'DEGRADED', findings })).toEqual(['it is DEGRADED: COPY_STUCK (dr)']);
    expect(atRest(made, { status: 'NOT_READY', recoverable: false })).toEqual(['it is NOT_READY: not recoverable']);
    expect(atRest(made, { status: 'NOT_READY', findings: [findingOf('DRILL_FAILED')] })).toEqual([]);
    const missed = [findingOf('CAPTURE_MISSED')];
    expect(atRest(made, { status: 'DEGRADED', findings: missed })).toEqual(['it is DEGRADED: CAPTURE_MISSED (dr)']);
    made.put(9, 'direction.json', directionDocument({ direction: 'none', epoch: 2, failover: 'failover-1' }));
    expect(atRest(made, { status: 'DEGRADED', findings })).toEqual([]);
  });
});
