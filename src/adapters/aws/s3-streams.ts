import { GetObjectCommand, type GetObjectCommandInput, type S3Client } from '@aws-sdk/client-s3';
import { DrError } from '../../errors.ts';
import type { callsTo } from './errors.ts';

/** `client`: one that waits for slow readers. `idleMs`: how long the next bytes may take to come once they are asked for. */
export type Streams = { client: S3Client; idleMs: number };

/** Named as what `isUnanswered` knows: nobody answered in time. */
class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
}

async function within<T>(idleMs: number, next: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new TimeoutError(`no more bytes came in ${idleMs} ms`)), idleMs);
  });
  try {
    return await Promise.race([next, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * A read or a copy of an object that S3 calls an invalid request is so for the object's sake: it lies under a key that
 * only its owner sends. The name says it of reads and copies alone, so it is told apart here.
 */
export async function readable<T>(subject: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'InvalidRequest') throw error;
    throw new DrError('UNCOPYABLE', `read ${subject}: ${error.message}`, {
      subject,
      cause: error,
      hint: 'Upload it again without a key of its own (SSE-C), under the key of the bucket.',
    });
  }
}

/**
 * The bytes of an object as they come. A body that breaks off or stalls is an error of the call that began it; a reader
 * that takes its time is none.
 */
export async function openObject(
  { client, idleMs }: Streams,
  call: ReturnType<typeof callsTo>,
  input: GetObjectCommandInput,
): Promise<AsyncIterable<Uint8Array>> {
  const name = `${input.Bucket}/${input.Key}`;
  const command = new GetObjectCommand(input);
  const { Body } = await call(`read ${name}`, name, () => readable(name, () => client.send(command)));
  const body = Body as AsyncIterable<Uint8Array> & { destroy: () => void };
  return (async function* () {
    const chunks = body[Symbol.asyncIterator]();
    try {
      while (true) {
        const next = await call(`read ${name}`, name, () => within(idleMs, chunks.next()));
        if (next.done) return;
        yield next.value;
      }
    } finally {
      // Whoever stops early, or waited in vain, leaves no connection open.
      body.destroy();
    }
  })();
}
