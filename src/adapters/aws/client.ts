import { StandardRetryStrategy } from '@smithy/core/retry';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { RetryErrorInfo, StandardRetryToken } from '@smithy/types';
import type { Agents } from '../proxy.ts';

/** `agents`: what carries the requests of one client, where that is not a connection of its own. */
export type NetworkLimits = { connectTimeoutMs: number; requestTimeoutMs: number; agents?: (() => Agents) | undefined };

/** Errors of a call that got no answer: nobody knows whether it happened. */
const unanswered = new Set([
  'TimeoutError',
  'RequestTimeout',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

export function isUnanswered(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { name, code } = error as Error & { code?: string };
  return unanswered.has(name) || (code !== undefined && unanswered.has(code));
}

/** A connection that broke at once costs nothing to try again; silence costs its whole time-out. */
function timedOut(error: unknown): boolean {
  const { name, code } = (error ?? {}) as { name?: string; code?: string };
  return name === 'TimeoutError' && !['ECONNRESET', 'EPIPE', 'ECONNREFUSED'].includes(code ?? '');
}

/** Retries throttling, server errors and broken connections, never a time-out: a lost region costs one. */
class RetryAnswered extends StandardRetryStrategy {
  override async refreshRetryTokenForRetry(
    token: StandardRetryToken,
    info: RetryErrorInfo,
  ): Promise<StandardRetryToken> {
    if (timedOut(info.error)) throw info.error;
    return super.refreshRetryTokenForRetry(token, info);
  }
}

/**
 * Settings that every AWS client of this product has: the SDK's own default is no time-out at all. Bodies that
 * are read whole are read as they come, so that one which stalls is told by its silent socket. The socket of a stream is
 * silent, too, while its reader is busy: there the reader counts the time (`s3-streams.ts`).
 */
export function clientSettings(region: string, limits: NetworkLimits, bodies: 'whole' | 'streams' = 'whole') {
  return {
    region,
    retryStrategy: new RetryAnswered(3),
    requestHandler: new NodeHttpHandler({
      connectionTimeout: limits.connectTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      // The request's time-out ends with the head of the answer: a body that stalls would be waited for without an end.
      ...(bodies === 'whole' ? { socketTimeout: limits.requestTimeoutMs } : {}),
      throwOnRequestTimeout: true,
      ...limits.agents?.(),
    }),
  };
}
