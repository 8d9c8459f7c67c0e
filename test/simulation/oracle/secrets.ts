import type { Violation } from '../truth.ts';
import { type Check, none, type Scene } from './check.ts';

/** No secret stands in a document, a message, an event or an error: neither Builder's keys nor a password. */
export const secrets: Check = {
  document: (scene, { by, key, body }) =>
    by === 'world' || /\.gz$/.test(key)
      ? none
      : search(scene, key, () => Buffer.from(body.buffer, body.byteOffset, body.length)),
  message: (scene, { message }) => search(scene, `message ${message.id}`, () => JSON.stringify(message)),
  event: (scene, { detailType, detail }) => search(scene, detailType, () => JSON.stringify(detail)),
  'run-ended': (scene, { by, ending }) => {
    const { job } = scene.truth.run(by);
    return ending.how === 'killed' ? none : search(scene, `what ${job} answers`, () => JSON.stringify(ending) ?? '');
  },
};

function search({ truth }: Scene, subject: string, text: () => string | Buffer): Violation[] {
  let where: string | Buffer | undefined;
  const found: Violation[] = [];
  for (const secret of truth.secrets) {
    if (secret === '') continue;
    where ??= text();
    if (!where.includes(secret)) continue;
    found.push({
      invariant: 'secrets',
      subject,
      said: 'no secret',
      so: `a secret of ${secret.length} characters stands in it`,
    });
  }
  return found;
}
