import type { Site } from './core/site.ts';

/**
 * Every way this product fails, and the exit code that the command line gives it: 1 something is wrong with what is
 * protected, 2 the operator must change the command, the configuration or the credentials first, 3 a remote system.
 * Adapters translate the world's errors into these, by class or name.
 */
const exitCodes = {
  BAD_CONFIG: 2,
  BAD_USAGE: 2,
  CREDENTIALS_MISSING: 2,
  CREDENTIALS_REFUSED: 2,
  ENGINE_UNSUPPORTED: 2,
  UNKNOWN_EVENT: 3,
  SITE_UNREACHABLE: 3,
  ACCESS_DENIED: 3,
  THROTTLED: 3,
  REMOTE_FAILED: 3,
  NOT_FOUND: 1,
  ALREADY_EXISTS: 3,
  CONFLICT: 1,
  INVALID_STATE: 3,
  QUOTA_EXCEEDED: 3,
  KMS_UNUSABLE: 3,
  VAULT_UNREADABLE: 1,
  ILLEGAL_TRANSITION: 3,
  WRONG_DIRECTION: 2,
  POINT_UNKNOWN: 2,
  SLOT_OVER: 3,
  SNAPSHOT_MISMATCH: 3,
  COPY_INCOMPLETE: 3,
  COPY_UNFINISHED: 3,
  UNCOPYABLE: 1,
  KEY_FILE_INVALID: 2,
  NO_CAPACITY: 3,
  COMBINATION_REFUSED: 3,
  REQUEST_REFUSED: 2,
  INSTANCE_MISMATCH: 3,
  RUN_UNKNOWN: 2,
  NOT_CONFIRMED: 2,
  SECRET_UNREADABLE: 3,
  PARTIAL_FAILURE: 1,
  SANDBOX_UNAVAILABLE: 3,
} as const;

export type DrErrorCode = keyof typeof exitCodes;

type Facts = { subject?: string; site?: Site; left?: number; hint?: string; cause?: unknown };

/**
 * The one error of this product: a code to branch on, a message with the value that was wrong, what it is about, and
 * a hint that says what to do. Nobody reads facts out of the message. Never holds a secret.
 */
export class DrError extends Error {
  readonly code: DrErrorCode;
  /** The one thing that it is about, if it is one: an instance, a snapshot, `bucket/key`, a document's key. */
  readonly subject: string | undefined;
  /** Of SITE_UNREACHABLE: whose silence it is. Undefined where it is neither site's, as of Slack. */
  readonly site: Site | undefined;
  /** Of COPY_UNFINISHED: parts that are still to be copied, where that is known. */
  readonly left: number | undefined;
  readonly hint: string | undefined;

  constructor(code: DrErrorCode, message: string, { subject, site, left, hint, cause }: Facts = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'DrError';
    this.code = code;
    this.subject = subject;
    this.site = site;
    this.left = left;
    this.hint = hint;
  }
}

/** Whether an error is ours with one of these codes. */
export function hasCode(error: unknown, ...codes: DrErrorCode[]): error is DrError {
  return error instanceof DrError && codes.includes(error.code);
}

/** What a process ends with that failed so: 1, 2 or 3; an error that is not ours is 3. */
export function exitCodeOf(error: unknown): number {
  return error instanceof DrError ? exitCodes[error.code] : 3;
}

/** One line for logs and documents: message and the engine's own cause, without stack. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  const known = cause instanceof Error && !error.message.includes(cause.message);
  return known ? `${error.message} (${cause.name}: ${cause.message})` : error.message;
}
