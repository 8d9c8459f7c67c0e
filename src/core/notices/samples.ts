import { finding } from '../findings.ts';
import type { Recovery } from '../recovery/documents.ts';
import type { Message } from './message.ts';
import { messageOf, type Notice } from './message.ts';
import { alarmNotice } from './of-alarm.ts';
import { readinessMessage } from './of-readiness.ts';
import { recoveryMessage } from './of-recovery.ts';

const FACTS = { rpoTargetMinutes: 120, rtoTargetMinutes: 120 };

const wanted = {
  point: 'latest',
  alarmTest: false,
  readAll: false,
  planned: false,
  acceptUnfenced: false,
  acceptFindings: false,
};

function sampleRun(schema: 'drill/1' | 'failover/1', at: (minute: number) => string): Recovery {
  const point = 'sample-point';
  const common = { requestedAt: at(0), wanted, candidates: [], findings: [], errors: [] };
  if (schema === 'drill/1') {
    const low = finding('RTO_EXCEEDED', 'drill', 'the drill took 131 minutes; the target is 120');
    return {
      ...common,
      schema,
      id: 'sample-drill',
      state: 'passed',
      attempts: [{ point, instance: 'hbdr-drill-sample', findings: [low] }],
      history: [
        { at: at(0), state: 'restoring', why: `a drill was asked for: point ${point}` },
        { at: at(95), state: 'verifying', why: 'the instance answers' },
        { at: at(131), state: 'passed', why: 'rows, signatures and login are as they should be' },
      ],
    };
  }
  const resumeWith = '{"action":"start","acceptUnfenced":true}';
  const reason = 'the fence of the primary is not confirmed';
  return {
    ...common,
    schema,
    id: 'sample-failover',
    state: 'blocked',
    attempts: [{ point, instance: 'hbdr-failover-sample', findings: [] }],
    fence: { wanted: true, database: { problem: 'the region does not answer' }, bucket: {} },
    blocked: { at: at(30), reason, resumeWith },
    history: [
      { at: at(0), state: 'fencing', why: 'started by hand' },
      { at: at(1), state: 'restoring', why: `point ${point}` },
      { at: at(30), state: 'blocked', why: reason },
    ],
  };
}

const sample = (message: Message): Message => {
  const notice: Notice = {
    ...message.notice,
    changed: ['THIS IS A TEST MESSAGE; nothing happened.', ...message.notice.changed],
  };
  return messageOf(`TEST ${message.subject}`, notice);
};

/** One message of each kind, marked as a test: what people will get, before they need it. */
export function sampleMessages(stage: string, now: Date): Message[] {
  const at = (minute: number) => new Date(now.getTime() - (131 - minute) * 60_000).toISOString();
  const missing = finding('ARTIFACT_MISSING', 'replica', '2 artifacts of the point are not in the replica', {
    count: 2,
    samples: ['core/redis/4.0.14/20240101000000/x86_64/linux/core-redis-4.0.14-20240101000000-x86_64-linux.hart'],
  });
  const status = {
    schema: 'status/1' as const,
    at: now.toISOString(),
    rpoMinutes: 42,
    rpoTargetMinutes: FACTS.rpoTargetMinutes,
    point: 'sample-point',
    published: { at: at(0), fingerprint: 'READY|true|true' },
  };
  const bad = { ...status, status: 'NOT_READY' as const, recoverable: false, protecting: true, findings: [missing] };
  const good = { ...status, status: 'READY' as const, recoverable: true, protecting: true, findings: [] };
  const facts = { ...FACTS, stage, minutesLost: 42, now };
  const alarm = alarmNotice(
    {
      AlarmName: `hbdr-${stage}-not-ready`,
      AlarmDescription: 'a failover started now would not succeed, or new data is not protected',
      OldStateValue: 'OK',
      NewStateValue: 'ALARM',
      NewStateReason: 'Threshold Crossed',
      StateChangeTime: now.toISOString(),
    },
    stage,
  );
  return [
    readinessMessage(bad, 'change', stage),
    readinessMessage(good, 'heartbeat', stage),
    recoveryMessage(sampleRun('drill/1', at), facts),
    recoveryMessage(sampleRun('failover/1', at), facts),
    messageOf(`[builder-dr ${stage}] ALARM: ${alarm.title}`, alarm),
  ].map(sample);
}
