import * as z from 'zod';
import { type CommandArguments, commandLine } from '../command-line.ts';
import { stackNames } from '../names.ts';
import { type Message, type MessageSite, messageOf } from './message.ts';

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
type AlarmKey = keyof ReturnType<typeof stackNames>['alarms'];

/** What to type about the alarms that call for something of their own. */
const nextByAlarm: Record<AlarmKey, CommandArguments> = {
  notReady: ['status'],
  silent: ['doctor'],
  drSilent: ['doctor'],
  replicateDeadLetters: ['reconcile'],
  relayDeadLetters: ['reconcile'],
};

function nextOf(name: string, stage: string): CommandArguments {
  const { alarms } = stackNames(stage);
  const key = (Object.keys(nextByAlarm) as AlarmKey[]).find((each) => alarms[each] === name);
  return key ? nextByAlarm[key] : ['doctor'];
}

/** An alarm of the stage's stacks as a message, so that every message looks alike. */
export function alarmMessage(alarm: CloudWatchAlarm, { stage, configFile }: MessageSite): Message {
  const { AlarmName, AlarmDescription, NewStateValue, OldStateValue, NewStateReason, StateChangeTime, Region } = alarm;
  const over = NewStateValue === 'OK';
  const title = `${over ? 'Over: ' : ''}${AlarmDescription || AlarmName}`;
  return messageOf(`[builder-dr ${stage}] ALARM: ${title}`, {
    schema: 'notice/1',
    kind: 'alarm',
    stage,
    id: AlarmName,
    status: NewStateValue,
    tone: over ? 'good' : NewStateValue === 'ALARM' ? 'bad' : 'warning',
    title,
    changed: [
      `Alarm ${AlarmName}: ${OldStateValue ? `${OldStateValue} → ` : ''}${NewStateValue}`,
      NewStateReason ?? '',
    ].filter((each) => each !== ''),
    numbers: Region ? [{ name: 'Region', value: Region }] : [],
    findings: [],
    findingsLeftOut: 0,
    notes: [],
    next: commandLine(over ? ['status'] : nextOf(AlarmName, stage), configFile),
    at: StateChangeTime ?? '',
  });
}
