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

/**
 * The one error of this product: a code to branch on, what it is about, a message with the value
 * that was wrong, and a hint that says what to do. Never holds a secret.
 */
export class DrError extends Error {
  readonly code: DrErrorCode;
  readonly subject: string | undefined;
  readonly hint: string | undefined;

  constructor(code: DrErrorCode, message: string, options: { subject?: string; hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'DrError';
    this.code = code;
    this.subject = options.subject;
    this.hint = options.hint;
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
