import { finding } from '../findings.ts';
import { stackNames } from '../names.ts';
import { type Message, type MessageSite, messageOf } from './message.ts';
import { alarmMessage } from './of-alarm.ts';
import { readinessMessage } from './of-readiness.ts';
import { recoveryMessage } from './of-recovery.ts';
import { sampleBlockedFailover, sampleDrill } from './sample-runs.ts';

const TARGETS = { rpoTargetMinutes: 120, rtoTargetMinutes: 120 };

const sample = ({ subject, ...document }: Message): Message => {
  const changed = ['THIS IS A TEST MESSAGE; nothing happened.', ...document.changed];
  return messageOf(`TEST ${subject}`, { ...document, changed });
};

/** One message of each kind, marked as a test: what people will get, before they need it. */
export function sampleMessages(site: MessageSite, now: Date): Message[] {
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
    published: {
      at: at(0).toISOString(),
      told: { status: 'READY' as const, recoverable: true, protecting: true, findings: [] },
    },
  };
  const bad = { ...status, status: 'NOT_READY' as const, recoverable: false, protecting: true, findings: [missing] };
  const good = { ...status, status: 'READY' as const, recoverable: true, protecting: true, findings: [] };
  const facts = { ...TARGETS, site, minutesLost: 42, now };
  const alarm = alarmMessage(
    {
      AlarmName: stackNames(site.stage).alarms.notReady,
      AlarmDescription: 'a failover started now would not succeed, or new data is not protected',
      OldStateValue: 'OK',
      NewStateValue: 'ALARM',
      NewStateReason: 'Threshold Crossed',
      StateChangeTime: now.toISOString(),
    },
    site,
  );
  return [
    readinessMessage(bad, 'change', site),
    readinessMessage(good, 'heartbeat', site),
    recoveryMessage(sampleDrill(at), facts),
    recoveryMessage(sampleBlockedFailover(at), facts),
    alarm,
  ].map(sample);
}
