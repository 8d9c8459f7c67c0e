import * as z from 'zod';
import type { Notice } from './message.ts';

/** What CloudWatch sends to a topic; it writes the text itself. */
export const alarmSchema = z.looseObject({
  AlarmName: z.string(),
  AlarmDescription: z.string().nullish(),
  NewStateValue: z.string(),
  OldStateValue: z.string().optional(),
  NewStateReason: z.string().optional(),
  StateChangeTime: z.string().optional(),
  Region: z.string().optional(),
});

type CloudWatchAlarm = z.infer<typeof alarmSchema>;

/** What to type about an alarm, by the end of its name as infra/alarms.yml gives them. */
const nextByAlarm: [RegExp, string][] = [
  [/-not-ready$/, 'builder-dr status'],
  [/-silent$/, 'builder-dr doctor'],
  [/-replicate-dead/, 'builder-dr reconcile'],
  [/-relay-dead/, 'builder-dr reconcile'],
];

/** An alarm as a notice, so that every message looks alike. */
export function alarmNotice(alarm: CloudWatchAlarm, stage: string): Notice {
  const { AlarmName, AlarmDescription, NewStateValue, OldStateValue, NewStateReason, StateChangeTime, Region } = alarm;
  const over = NewStateValue === 'OK';
  return {
    schema: 'notice/1',
    kind: 'alarm',
    stage,
    id: AlarmName,
    status: NewStateValue,
    tone: over ? 'good' : NewStateValue === 'ALARM' ? 'bad' : 'warning',
    title: `${over ? 'Over: ' : ''}${AlarmDescription || AlarmName}`,
    changed: [
      `Alarm ${AlarmName}: ${OldStateValue ? `${OldStateValue} → ` : ''}${NewStateValue}`,
      NewStateReason ?? '',
    ].filter((each) => each !== ''),
    numbers: Region ? [{ name: 'Region', value: Region }] : [],
    findings: [],
    findingsLeftOut: 0,
    notes: [],
    next: over ? 'builder-dr status' : (nextByAlarm.find(([name]) => name.test(AlarmName))?.[1] ?? 'builder-dr doctor'),
    at: StateChangeTime ?? '',
  };
}
