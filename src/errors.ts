import type { Site } from './core/site.ts';

/** Every way this product fails. Adapters translate the world's errors into these, by class or name. */
export type DrErrorCode =
  | 'BAD_CONFIG'
  | 'BAD_USAGE'
  | 'UNKNOWN_EVENT'
  | 'SITE_UNREACHABLE'
  | 'ACCESS_DENIED'
  | 'THROTTLED'
  | 'REMOTE_FAILED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'CONFLICT'
  | 'INVALID_STATE'
  | 'QUOTA_EXCEEDED'
  | 'KMS_UNUSABLE'
  | 'VAULT_UNREADABLE'
  | 'ILLEGAL_TRANSITION'
  | 'WRONG_DIRECTION'
  | 'POINT_UNKNOWN'
  | 'SLOT_OVER'
  | 'SNAPSHOT_MISMATCH'
  | 'COPY_INCOMPLETE'
  | 'KEY_FILE_INVALID'
  | 'NO_CAPACITY'
  | 'INSTANCE_MISMATCH'
  | 'RUN_UNKNOWN'
  | 'NOT_CONFIRMED'
  | 'SECRET_UNREADABLE'
  | 'PARTIAL_FAILURE'
  | 'SANDBOX_UNAVAILABLE';

type Facts = { subject?: string; site?: Site; hint?: string; cause?: unknown };

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
  readonly hint: string | undefined;

  constructor(code: DrErrorCode, message: string, { subject, site, hint, cause }: Facts = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'DrError';
    this.code = code;
    this.subject = subject;
    this.site = site;
    this.hint = hint;
  }
}

/** Whether an error is ours with one of these codes. */
export function hasCode(error: unknown, ...codes: DrErrorCode[]): error is DrError {
  return error instanceof DrError && codes.includes(error.code);
}

/** One line for logs and documents: message and the engine's own cause, without stack. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  const known = cause instanceof Error && !error.message.includes(cause.message);
  return known ? `${error.message} (${cause.name}: ${cause.message})` : error.message;
}
