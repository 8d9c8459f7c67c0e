import type { Site } from '../../core/site.ts';
import { DrError, type DrErrorCode, hasCode } from '../../errors.ts';
import { isUnanswered } from './client.ts';

/** AWS's errors by name; the name is contract, the message is not. */
const codes: Record<string, DrErrorCode> = {
  AccessDenied: 'ACCESS_DENIED',
  AccessDeniedException: 'ACCESS_DENIED',
  AuthorizationErrorException: 'ACCESS_DENIED',
  UnauthorizedOperation: 'ACCESS_DENIED',
  Forbidden: 'ACCESS_DENIED',
  // Of the SDK's own chain of providers: nothing found, or what was found cannot be used (a session of SSO has ended).
  CredentialsProviderError: 'CREDENTIALS_MISSING',
  TokenProviderError: 'CREDENTIALS_MISSING',
  ProviderError: 'CREDENTIALS_MISSING',
  ExpiredToken: 'CREDENTIALS_REFUSED',
  ExpiredTokenException: 'CREDENTIALS_REFUSED',
  RequestExpired: 'CREDENTIALS_REFUSED',
  InvalidClientTokenId: 'CREDENTIALS_REFUSED',
  InvalidAccessKeyId: 'CREDENTIALS_REFUSED',
  InvalidToken: 'CREDENTIALS_REFUSED',
  UnrecognizedClientException: 'CREDENTIALS_REFUSED',
  SignatureDoesNotMatch: 'CREDENTIALS_REFUSED',
  InvalidSignatureException: 'CREDENTIALS_REFUSED',
  AuthFailure: 'CREDENTIALS_REFUSED',
  Throttling: 'THROTTLED',
  ThrottlingException: 'THROTTLED',
  TooManyRequestsException: 'THROTTLED',
  SlowDown: 'THROTTLED',
  NoSuchKey: 'NOT_FOUND',
  NoSuchBucket: 'NOT_FOUND',
  NotFound: 'NOT_FOUND',
  NotFoundException: 'NOT_FOUND',
  DBInstanceNotFoundFault: 'NOT_FOUND',
  DBSnapshotNotFoundFault: 'NOT_FOUND',
  QueueDoesNotExist: 'NOT_FOUND',
  ResourceNotFoundException: 'NOT_FOUND',
  DBSnapshotAlreadyExistsFault: 'ALREADY_EXISTS',
  InvalidDBInstanceStateFault: 'INVALID_STATE',
  InvalidDBSnapshotStateFault: 'INVALID_STATE',
  SnapshotQuotaExceededFault: 'QUOTA_EXCEEDED',
  KMSKeyNotAccessibleFault: 'KMS_UNUSABLE',
  DisabledException: 'KMS_UNUSABLE',
  KMSInvalidStateException: 'KMS_UNUSABLE',
  KeyUnavailableException: 'KMS_UNUSABLE',
  // KMS's own, as S3 hands them on.
  'KMS.DisabledException': 'KMS_UNUSABLE',
  'KMS.KMSInvalidStateException': 'KMS_UNUSABLE',
  'KMS.NotFoundException': 'KMS_UNUSABLE',
  DBSubnetGroupNotFoundFault: 'NOT_FOUND',
  DBParameterGroupNotFoundFault: 'NOT_FOUND',
  ParameterNotFound: 'NOT_FOUND',
  NoSuchBucketPolicy: 'NOT_FOUND',
  InvalidObjectState: 'UNCOPYABLE',
  NoSuchVersion: 'NOT_FOUND',
  DBInstanceAlreadyExistsFault: 'ALREADY_EXISTS',
  ResourceExistsException: 'ALREADY_EXISTS',
  InsufficientDBInstanceCapacityFault: 'NO_CAPACITY',
  // Of a restore: a class that cannot be ordered, or storage that does not go with it.
  InvalidParameterCombination: 'COMBINATION_REFUSED',
  // What waiting does not mend: a class, a group, a subnet, an authority or a kind of storage that is not there.
  InvalidParameterValue: 'REQUEST_REFUSED',
  InvalidSubnet: 'REQUEST_REFUSED',
  InvalidVPCNetworkStateFault: 'REQUEST_REFUSED',
  DBSubnetGroupDoesNotCoverEnoughAZs: 'REQUEST_REFUSED',
  CertificateNotFoundFault: 'REQUEST_REFUSED',
  StorageTypeNotSupportedFault: 'REQUEST_REFUSED',
  InstanceQuotaExceededFault: 'QUOTA_EXCEEDED',
  StorageQuotaExceededFault: 'QUOTA_EXCEEDED',
  // A function in a VPC that slept: the first call wakes it and fails.
  ResourceNotReadyException: 'INVALID_STATE',
  ResourceConflictException: 'INVALID_STATE',
  PreconditionFailed: 'CONFLICT',
  ConditionalRequestConflict: 'CONFLICT',
};

const hints: Partial<Record<DrErrorCode, string>> = {
  CREDENTIALS_MISSING:
    'Log in (`aws sso login`) and set AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN).',
  CREDENTIALS_REFUSED:
    'They may be expired, or belong elsewhere: log in again (`aws sso login`), or renew AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; AWS_PROFILE chooses others.',
  ACCESS_DENIED: 'The role of this function, or your credentials, lack a permission that the message names.',
  SITE_UNREACHABLE: 'Nobody knows whether the call happened. The next run looks again.',
  THROTTLED: 'AWS limits the rate. The next run goes on.',
  QUOTA_EXCEEDED: 'The next run tries again; delete snapshots nothing needs, or ask AWS for a higher quota.',
  NO_CAPACITY: 'AWS has no instance of this class now; name others in restore.classes.',
  UNCOPYABLE:
    'This object cannot be read by anybody as it is: restore it from its archive class, or upload it again without a key of its own.',
  REQUEST_REFUSED: 'The message names what AWS does not take: mend the configuration and deploy.',
  COMBINATION_REFUSED: 'AWS does not offer this together: look at restore.classes and restore.storageType.',
  KMS_UNUSABLE: 'Enable the key in the DR region, cancel its deletion, and let the functions use it in the key policy.',
};

/** What a call does, in words for its message, and what it is about. */
type Called = { what: string; subject: string; site: Site | undefined };

/** Translates one error of a call, by the error's name. Our own pass through. */
function translate(error: unknown, { what, subject, site }: Called): DrError {
  if (error instanceof DrError) return error;
  const name = error instanceof Error ? error.name : '';
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  const code: DrErrorCode = isUnanswered(error)
    ? 'SITE_UNREACHABLE'
    : (codes[name] ??
      (status === 412 || status === 409
        ? 'CONFLICT'
        : status === 403
          ? 'ACCESS_DENIED'
          : status === 404
            ? 'NOT_FOUND'
            : 'REMOTE_FAILED'));
  const message = error instanceof Error ? `${name}: ${error.message}` : String(error);
  const hint = hints[code];
  const silent = code === 'SITE_UNREACHABLE' && site ? { site } : {};
  return new DrError(code, `${what}: ${message}`, { subject, cause: error, ...silent, ...(hint ? { hint } : {}) });
}

/** Runs calls to a site, each named by what it does and what it is about, and throws only our own errors. */
export function callsTo(site: Site | undefined) {
  return async <T>(what: string, subject: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw translate(error, { what, subject, site });
    }
  };
}

/** What a call answers; undefined when what it asks for is not there. */
export function ifThere<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch((error: unknown) => {
    if (hasCode(error, 'NOT_FOUND')) return undefined;
    throw error;
  });
}
