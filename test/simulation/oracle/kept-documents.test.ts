import { describe, expect, it } from 'vitest';
import type { Message } from '../../../src/core/notices/message.ts';
import { keptDocuments, keptHistories } from './kept-documents.ts';
import { BEGIN, iso, Made } from './made.ts';
import { drillDocument, failoverDocument, ID, pointDocument } from './made-documents.ts';
import { secrets } from './secrets.ts';

const so = (found: { so: string }[]): string[] => found.map((each) => each.so);
const path = `points/${ID}.json`;
const garbage = Buffer.from('{ "schema": "poi');

function world(job = 'advance'): Made {
  const made = new Made(keptDocuments, secrets);
  made.begin(1, job);
  return made;
}

describe('a document', () => {
  it('that can be read is written, changed and removed', () => {
    const made = world();
    expect(made.put(1, path, pointDocument({ state: 'captured' }))).toEqual([]);
    expect(made.put(1, path, pointDocument())).toEqual([]);
    expect(made.drop(1, path)).toEqual([]);
    expect(made.put(1, 'status.html', Buffer.from('<html>'))).toEqual([]);
  });

  it.each([
    [path, { ...pointDocument(), state: 'other' }],
    [path, { ...pointDocument(), more: 1 }],
    ['fence.json', { state: 'without a schema' }],
    ['failovers/failover-1.json', { ...failoverDocument(), schema: 'run/9' }],
    [path, garbage],
  ])('that nobody can read is not written (%s)', (key, document) => {
    expect(so(world().put(1, key, document))).toEqual([expect.stringContaining('nobody can read it')]);
  });

  it('of a point or a run keeps what others have written of it meanwhile', () => {
    const line = (minute: number, state: string) => ({ at: iso(BEGIN + minute * 60_000), state, why: 'so' });
    const [captured, held] = [line(0, 'captured'), line(1, 'protected')];
    const made = new Made(keptHistories);
    made.begin(1, 'advance');
    made.put(1, path, { ...pointDocument(), history: [captured] });
    expect(made.put(1, path, { ...pointDocument(), history: [captured, held] })).toEqual([]);
    expect(so(made.put(1, path, { ...pointDocument(), history: [captured, line(2, 'failed')] }))).toEqual([
      expect.stringContaining('that it became protected'),
    ]);
    made.put('world', path, { ...pointDocument(), history: [captured, held] });
    expect(made.put(1, path, { ...pointDocument(), history: [captured] })).toHaveLength(1);
  });

  it('that nobody can read is not overwritten or removed', () => {
    const made = world();
    expect(made.put('world', path, garbage)).toEqual([]);
    expect(so(made.put(1, path, pointDocument()))).toEqual([expect.stringContaining('nobody can read what was there')]);
    made.put('world', path, garbage);
    expect(so(made.drop(1, path))).toEqual([expect.stringContaining('nobody can read what was there')]);
  });

  it('that nobody can read is replaced by those whose business it is', () => {
    const made = world('reconcile');
    made.put('world', 'verified.json', garbage);
    const index = { schema: 'verified-index/1', at: iso(BEGIN), key: 'verified/all-1.ndjson.gz', ok: 1 };
    const none = { count: 0, samples: [] };
    expect(made.put(1, 'verified.json', { ...index, damaged: none, unknownSigner: none, unverified: none })).toEqual(
      [],
    );
    made.put('world', 'direction.json', garbage);
    expect(made.drop(1, 'direction.json')).toHaveLength(1);
  });

  it.each([
    ['failover-release', 0],
    ['points-release', 1],
  ])('that nobody can read of a failover is replaced by its release, and by no other: %s', (job, violations) => {
    const made = world(job);
    made.put('world', 'failovers/failover-1.json', garbage);
    expect(made.put(1, 'failovers/failover-1.json', failoverDocument({ state: 'aborted' }))).toHaveLength(violations);
  });

  it('that lists what a point has goes with the point alone', () => {
    const made = world('prune');
    const list = `inventory/${ID}.artifacts.ndjson.gz`;
    made.put('world', list, garbage);
    made.put(1, path, pointDocument());
    expect(made.drop(1, list)).toHaveLength(1);
    made.put('world', list, garbage);
    made.put(1, path, pointDocument({ state: 'expired' }));
    expect(made.drop(1, list)).toEqual([]);
  });

  it('of a run that has ended stays as it is', () => {
    const made = world();
    made.put(1, 'failovers/failover-1.json', failoverDocument({ state: 'aborted' }));
    expect(so(made.put(1, 'failovers/failover-1.json', failoverDocument({ state: 'fencing' })))).toEqual([
      'it was aborted, and is fencing',
    ]);
    made.put(1, 'drills/drill-1.json', drillDocument());
    expect(made.put(1, 'drills/drill-1.json', drillDocument({ told: 'passed' }))).toEqual([]);
    made.put(1, path, pointDocument({ state: 'expired' }));
    expect(so(made.put(1, path, pointDocument()))).toEqual(['it was expired, and is protected']);
  });
});

describe('a secret', () => {
  const secret = 'correct horse battery staple';
  const world = (): Made => {
    const made = new Made(secrets);
    made.secrets = ['', secret];
    made.begin(1, 'advance');
    return made;
  };

  it('stands nowhere', () => {
    expect(world().put(1, 'x.json', { schema: 'x/1', text: 'nothing' })).toEqual([]);
    expect(world().end(1, { text: 'nothing' })).toEqual([]);
  });

  it('is found in a document, a message, an event, an answer and an error', () => {
    const made = world();
    const message = { id: '1', notes: [secret] } as Message;
    const ending = { how: 'threw', code: 'REMOTE_FAILED', message: `no ${secret}`, subject: undefined } as const;
    const found = [
      made.put(1, 'x.json', { text: secret }),
      made.see({ what: 'message', by: 1, message }),
      made.see({ what: 'event', by: 1, detailType: 'x', detail: { secret } }),
      made.end(1, [secret]),
      made.see({ what: 'run-ended', by: 1, ending, met: [] }),
    ];
    expect(found.map((each) => each.length)).toEqual([1, 1, 1, 1, 1]);
  });
});
