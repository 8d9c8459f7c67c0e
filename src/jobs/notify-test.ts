import { sampleMessages } from '../core/notices/samples.ts';
import type { Ports } from '../core/ports/all.ts';

export type NotifyReport = { sent: string[]; subscribers: number };

/** Sends one message of each kind, marked as a test, to everybody who would hear the real ones. */
export async function notifyTest(ports: Pick<Ports, 'clock' | 'notifier' | 'site'>): Promise<NotifyReport> {
  const messages = sampleMessages(ports.site, ports.clock());
  for (const message of messages) await ports.notifier.publish(message);
  return { sent: messages.map((each) => each.subject), subscribers: await ports.notifier.subscribers() };
}
