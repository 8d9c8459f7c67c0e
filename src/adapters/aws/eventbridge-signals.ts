import {
  DisableRuleCommand,
  EnableRuleCommand,
  type EventBridgeClient,
  PutEventsCommand,
} from '@aws-sdk/client-eventbridge';
import type { Signals } from '../../core/ports/all.ts';
import { DrError } from '../../errors.ts';
import { callsTo } from './errors.ts';

const call = callsTo('dr');

export type SignalsOptions = { client: EventBridgeClient; stage: string; tickRule: string };

/** Our events on the default bus of the DR region, and the `tick` rule. */
export function eventbridgeSignals({ client, stage, tickRule }: SignalsOptions): Signals {
  return {
    async emit(detailType, detail) {
      const Entries = [{ Source: 'builder-dr', DetailType: detailType, Detail: JSON.stringify({ stage, ...detail }) }];
      const answer = await call('put event', detailType, () => client.send(new PutEventsCommand({ Entries })));
      if (!answer.FailedEntryCount) return;
      throw new DrError('REMOTE_FAILED', `EventBridge refused ${detailType}: ${answer.Entries?.[0]?.ErrorMessage}`, {
        subject: detailType,
      });
    },
    async setTick(enabled) {
      const command = { Name: tickRule };
      await call(enabled ? 'enable tick' : 'disable tick', tickRule, async () => {
        if (enabled) await client.send(new EnableRuleCommand(command));
        else await client.send(new DisableRuleCommand(command));
      });
    },
  };
}
