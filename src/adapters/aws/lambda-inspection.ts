import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import type { Inspection } from '../../core/ports/recovery.ts';
import { callsTo } from './errors.ts';

const call = callsTo('dr');

/** Asks the function inside the VPC, and does not wait: it reports by a vault document. */
export function lambdaInspection({ client, functionName }: { client: LambdaClient; functionName: string }): Inspection {
  return {
    async start(request) {
      const command = new InvokeCommand({
        FunctionName: functionName,
        InvocationType: 'Event',
        Payload: Buffer.from(JSON.stringify(request)),
      });
      await call(`invoke ${functionName}`, functionName, () => client.send(command));
    },
  };
}
