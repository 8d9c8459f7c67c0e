import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import * as z from 'zod';
import type { Replicator } from '../../core/ports/artifacts.ts';
import { DrError } from '../../errors.ts';
import { callsTo } from './errors.ts';

const call = callsTo('dr');

const triedCopy = z.object({ key: z.string(), bytes: z.number(), conditions: z.enum(['held', 'ignored']) });
const failure = z.object({ errorMessage: z.string() });

/** Asks the function that copies artifacts, and waits for its answer. */
export function lambdaReplicator({ client, functionName }: { client: LambdaClient; functionName: string }): Replicator {
  return {
    async tryCopy() {
      const command = new InvokeCommand({ FunctionName: functionName, Payload: Buffer.from('{"job":"doctor"}') });
      const answer = await call(`invoke ${functionName}`, functionName, () => client.send(command));
      const said: unknown = JSON.parse(Buffer.from(answer.Payload ?? []).toString() || 'null');
      if (said === null && !answer.FunctionError) return undefined;
      const tried = triedCopy.safeParse(said);
      if (!answer.FunctionError && tried.success) return tried.data;
      const why = failure.safeParse(said);
      throw new DrError(
        'REMOTE_FAILED',
        why.success ? why.data.errorMessage : `${functionName} did not say what it did`,
        {
          subject: functionName,
          hint: 'The role of replicate must read the primary bucket, and its key where it has one (primary.bucketKmsKey), and write the replica: deploy the DR stack again.',
        },
      );
    },
  };
}
