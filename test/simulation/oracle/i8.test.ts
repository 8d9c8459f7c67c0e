import { describe, expect, it } from 'vitest';
import type { Message } from '../../../src/core/notices/message.ts';
import { i1 } from './i1.ts';
import { i8 } from './i8.ts';
import { BEGIN, dataOf, iso, Made } from './made.ts';
import {
  directionDocument,
  failoverDocument,
  findingOf,
  ID,
  KEY,
  pointDocument,
  pointId,
  statusDocument,
  toldWorld,
} from './made-documents.ts';

const so = (found: { so: string }[]): string[] => found.map((each) => each.so);

/** Half an hour after the data of the one point. */
function world(): Made {
  const made = toldWorld(new Made(i8));
  made.minutes(25);
  made.begin(9, 'readiness');
  return made;
}
const status = (made: Made, more: Parameters<typeof statusDocument>[0] = {}): string[] =>
  so(made.put(9, 'status.json', statusDocument({ rpoMinutes: 30, ...more }, made.now)));

const messageOf = (more: Partial<Message> = {}, loss = '30.0 min'): Message => ({
  schema: 'notice/1',
  kind: 'failover',
  stage: 'test',
  id: 'failover-1',
  status: 'restoring',
  tone: 'working',
  title: '',
  changed: [],
  numbers: [
    { name: 'Would a failover now succeed?', value: 'yes' },
    { name: 'Recovery point', value: ID },
    { name: 'Data lost (RPO)', value: loss },
  ],
  findings: [],
  findingsLeftOut: 0,
  notes: [],
  next: '',
  at: iso(BEGIN),
  subject: '',
  ...more,
});
const message = (made: Made, more: Partial<Message> = {}, loss?: string): string[] =>
  so(made.see({ what: 'message', by: 9, message: messageOf(more, loss) }));

describe('I8: a status', () => {
  it('tells the age of the data and its own instant', () => {
    expect(status(world())).toEqual([]);
    expect(status(world(), { rpoMinutes: 10 })).toEqual([expect.stringContaining('30 minutes old')]);
    expect(status(world(), { rpoMinutes: null })).toEqual([expect.stringContaining('30 minutes old')]);
    expect(status(world(), { rpoMinutes: null, recoverable: false })).toEqual([]);
    expect(status(world(), { at: iso(BEGIN) })).toEqual([expect.stringContaining('30 minutes off')]);
  });

  it('is excused by a clock that is off', () => {
    const made = world();
    made.begin(9, 'readiness', { skewMs: 3_600_000 });
    expect(status(made, { rpoMinutes: 90, at: iso(made.now + 3_600_000) })).toEqual([]);
  });

  it('names the newest point that is whole', () => {
    const made = world();
    made.begin(1, 'advance');
    made.object(1, 'replica', KEY, 'a');
    made.snapshot(1, 'dr', pointId(1), dataOf({ [KEY]: 'a' }), BEGIN + 600_000);
    made.put(1, `points/${pointId(1)}.json`, pointDocument({ id: pointId(1) }, BEGIN + 600_000));
    expect(status(made)).toEqual([]);
    made.minutes(1);
    made.begin(9, 'readiness');
    expect(status(made)).toEqual([expect.stringContaining(`point ${pointId(1)}, of newer data`)]);
    made.remove('world', 'replica', KEY);
    expect(status(made)).toEqual([]);
  });

  it('does not call what serves left over', () => {
    const made = world();
    const findings = [findingOf('LEFTOVER_INSTANCE', 'hbdr-prod')];
    made.put(9, 'failovers/failover-1.json', failoverDocument({ state: 'done' }, { instance: 'hbdr-prod' }));
    expect(status(made, { findings })).toEqual([]);
    made.put(9, 'direction.json', directionDocument({ direction: 'none', epoch: 2, failover: 'failover-1' }));
    expect(status(made, { findings })).toEqual(['that instance serves']);
  });
});

describe('I8: a message', () => {
  it('tells a state in which the run was', () => {
    const made = world();
    expect(message(made)).toEqual([]);
    const history = [{ at: iso(BEGIN), state: 'fencing' as const, why: '' }];
    made.put(9, 'failovers/failover-1.json', failoverDocument({ history }));
    expect(message(made)).toEqual([]);
    expect(message(made, { status: 'fencing' })).toEqual([]);
    expect(message(made, { status: 'aborted' })).toEqual(['it is restoring, and never was aborted']);
  });

  it('tells the loss, neither more than there is nor less than was written', () => {
    const made = world();
    expect(message(made, {}, '90.0 min')).toEqual([expect.stringContaining('30 minutes old')]);
    expect(message(made, {}, '2.0 min')).toEqual([]);
    made.see({ what: 'builder-wrote', by: 'world', site: 'primary', key: KEY });
    expect(message(made)).toEqual([]);
    expect(message(made, {}, '2.0 min')).toEqual(['Builder wrote 30 minutes after its data']);
  });

  it('and an answer print no command that deletes what serves', () => {
    const made = world();
    made.put(9, 'failovers/failover-1.json', failoverDocument({}, { instance: 'hbdr-prod' }));
    const next = 'aws rds delete-db-instance --db-instance-identifier hbdr-prod';
    expect(message(made, { next })).toEqual([]);
    made.put(9, 'direction.json', directionDocument({ direction: 'none', epoch: 2, failover: 'failover-1' }));
    expect(message(made, { next })).toEqual(['that instance serves']);
    expect(message(made, { next: `${next}-2` })).toEqual([]);
    expect(so(made.end(9, { remove: next }))).toEqual(['that instance serves']);
  });

  it('that says recoverable is judged as a status is', () => {
    const made = toldWorld(new Made(i1));
    made.minutes(1);
    made.begin(9, 'readiness');
    expect(message(made, { kind: 'heartbeat' })).toEqual([]);
    made.removeSnapshot('world', 'dr', ID);
    made.minutes(1);
    made.begin(9, 'readiness');
    expect(message(made, { kind: 'heartbeat' })).toHaveLength(1);
    expect(message(made)).toEqual([]);
  });
});

describe('I8: an answer', () => {
  it('that a failover is aborted is so', () => {
    const made = world();
    made.put(9, 'failovers/failover-1.json', failoverDocument({ state: 'aborted' }));
    expect(made.end(9, { id: 'failover-1', state: 'aborted' })).toEqual([]);
    made.put(9, 'failovers/failover-1.json', failoverDocument({ state: 'done' }));
    expect(so(made.end(9, { id: 'failover-1', state: 'aborted' }))).toEqual(['it is done']);
  });
});
