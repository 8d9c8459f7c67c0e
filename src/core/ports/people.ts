import type { SlackMessage } from '../notices/as-slack.ts';
import type { Message } from '../notices/message.ts';

/** A chat channel. */
export interface Chat {
  /** At least once. SITE_UNREACHABLE, THROTTLED or REMOTE_FAILED when it is not taken; SECRET_UNREADABLE without its URL. */
  post(message: SlackMessage): Promise<void>;
}

/** A monitor outside of this cloud that rings when it hears nothing. */
export interface DeadMan {
  ping(): Promise<void>;
}

export interface Notifier {
  /** At least once. */
  publish(message: Message): Promise<void>;
  /** How many confirmed subscribers hear it. */
  subscribers(): Promise<number>;
}
