import { finding } from '../findings.ts';
import type { Message } from './message.ts';
import { messageOf, type Notice } from './message.ts';
import { alarmNotice } from './of-alarm.ts';
import { readinessMessage } from './of-readiness.ts';
import { recoveryMessage } from './of-recovery.ts';
import { sampleBlockedFailover, sampleDrill } from './sample-runs.ts';

const TARGETS = { rpoTargetMinutes: 120, rtoTargetMinutes: 120 };

const sample = (message: Message): Message => {
  const notice: Notice = {
    ...message.notice,
    changed: ['THIS IS A TEST MESSAGE; nothing happened.', ...message.notice.changed],
  };
  return messageOf(`TEST ${message.subject}`, notice);
};

/** One message of each kind, marked as a test: what people will get, before they need it. */
export function sampleMessages(stage: string, now: Date): Message[] {
  const at = (minute: number) => new Date(now.getTime() - (131 - minute) * 60_000);
  const missing = finding('ARTIFACT_MISSING', 'replica', '2 artifacts of the point are not in the replica', {
    count: 2,
    samples: ['core/redis/4.0.14/20240101000000/x86_64/linux/core-redis-4.0.14-20240101000000-x86_64-linux.hart'],
  });
  const status = {
    schema: 'status/1' as const,
    at: now.toISOString(),
    rpoMinutes: 42,
    rpoTargetMinutes: TARGETS.rpoTargetMinutes,
    point: 'sample-point',
    published: { at: at(0).toISOString(), fingerprint: 'READY|true|true' },
  };
  const bad = { ...status, status: 'NOT_READY' as const, recoverable: false, protecting: true, findings: [missing] };
  const good = { ...status, status: 'READY' as const, recoverable: true, protecting: true, findings: [] };
  const facts = { ...TARGETS, stage, minutesLost: 42, now };
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
    recoveryMessage(sampleDrill(at), facts),
    recoveryMessage(sampleBlockedFailover(at), facts),
    messageOf(`[builder-dr ${stage}] ALARM: ${alarm.title}`, alarm),
  ].map(sample);
}
