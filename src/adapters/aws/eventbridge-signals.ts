import {
  DisableRuleCommand,
  EnableRuleCommand,
  type EventBridgeClient,
  PutEventsCommand,
} from '@aws-sdk/client-eventbridge';
import type { Signals } from '../../core/ports/all.ts';
import { DrError } from '../../errors.ts';
import { call } from './errors.ts';

export type SignalsOptions = { client: EventBridgeClient; stage: string; tickRule: string };

/** Our events on the default bus of the DR region, and the `tick` rule. */
export function eventbridgeSignals({ client, stage, tickRule }: SignalsOptions): Signals {
  return {
    async emit(detailType, detail) {
      const Entries = [{ Source: 'builder-dr', DetailType: detailType, Detail: JSON.stringify({ stage, ...detail }) }];
      const answer = await call('put event', () => client.send(new PutEventsCommand({ Entries })));
      if (!answer.FailedEntryCount) return;
      throw new DrError('REMOTE_FAILED', `EventBridge refused ${detailType}: ${answer.Entries?.[0]?.ErrorMessage}`);
    },
    async setTick(enabled) {
      const command = { Name: tickRule };
      await call(enabled ? 'enable tick' : 'disable tick', async () => {
        if (enabled) await client.send(new EnableRuleCommand(command));
        else await client.send(new DisableRuleCommand(command));
      });
    },
  };
}
