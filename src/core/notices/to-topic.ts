import { chatNotification } from './as-amazon-q.ts';
import { emailText } from './as-email.ts';
import { documentOf, type Message } from './message.ts';

/**
 * Which rendering goes where: the topic gives each kind of subscriber the entry of its protocol, and everybody else
 * the default. A function gets the document and renders it itself (from-topic.ts); `https` is Amazon Q Developer,
 * which shows its own schema only.
 */
const renderings = {
  default: emailText,
  lambda: (message) => JSON.stringify(documentOf(message)),
  https: (message) => JSON.stringify(chatNotification(message)),
} satisfies Record<string, (message: Message) => string>;

/** A message as the topic takes it: to each kind of subscriber what it can show (`MessageStructure: json`). */
export function topicText(message: Message): string {
  return JSON.stringify(
    Object.fromEntries(Object.entries(renderings).map(([protocol, render]) => [protocol, render(message)])),
  );
}
