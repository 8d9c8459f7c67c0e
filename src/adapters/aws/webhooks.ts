import { setTimeout as sleep } from 'node:timers/promises';
import type { SSMClient } from '@aws-sdk/client-ssm';
import type { Chat, DeadMan } from '../../core/ports/people.ts';
import { DrError } from '../../errors.ts';
import { readUrl } from './ssm-parameter.ts';

export type WebhookOptions = { ssm: SSMClient; reference: string; timeoutMs: number; waitMs?: number };

const ATTEMPTS = 4;
const LONGEST_WAIT_MS = 10_000;

type WebhookAnswer = { status: number; text: string; waitMs: number | undefined };

async function once(url: URL, request: RequestInit, timeoutMs: number): Promise<WebhookAnswer> {
  try {
    const response = await fetch(url, { ...request, signal: AbortSignal.timeout(timeoutMs), redirect: 'error' });
    const said = await response.text();
    // Slack answers in one word; a page of something in between may repeat the address.
    const text = /^[\w .,-]{1,80}$/.test(said) ? said : 'with a page of its own';
    const after = Number(response.headers.get('retry-after') ?? Number.NaN) * 1000;
    return { status: response.status, text, waitMs: Number.isNaN(after) ? undefined : after };
  } catch (error) {
    // The engine's own message may hold the address; its name and code do not.
    const { name, cause } = error as Error & { cause?: { code?: string } };
    return { status: 0, text: cause?.code ?? name, waitMs: undefined };
  }
}

/**
 * Sends to a secret URL; tries again what may pass: silence, 429 (as long as Retry-After says, up to 10 s), 5xx.
 * SITE_UNREACHABLE, THROTTLED or REMOTE_FAILED when it does not; the URL is in no error.
 */
async function send(what: string, { ssm, reference, timeoutMs, waitMs = 500 }: WebhookOptions, request: RequestInit) {
  const url = await readUrl(ssm, reference);
  let last: WebhookAnswer = { status: 0, text: '', waitMs: undefined };
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (attempt > 0) await sleep(Math.min(LONGEST_WAIT_MS, last.waitMs ?? waitMs * 2 ** (attempt - 1)));
    last = await once(url, request, timeoutMs);
    if (last.status >= 200 && last.status < 300) return;
    if (last.status >= 300 && last.status < 500 && last.status !== 429) break;
  }
  const code = last.status === 0 ? 'SITE_UNREACHABLE' : last.status === 429 ? 'THROTTLED' : 'REMOTE_FAILED';
  const how = last.status === 0 ? 'does not answer' : `answered ${last.status}`;
  throw new DrError(code, `${what} ${how}: ${last.text}`, {
    subject: what,
    hint: `Look whether the URL in ${reference} is still good, and whether this network lets it out.`,
  });
}

/** Slack's incoming webhook. */
export function slackWebhook(options: WebhookOptions): Chat {
  return {
    post: (message) =>
      send('Slack', options, {
        method: 'POST',
        headers: { 'content-type': 'application/json; charset=utf-8' },
        body: JSON.stringify(message),
      }),
  };
}

/** A monitor outside of AWS that rings when it is not called. */
export function deadManUrl(options: WebhookOptions): DeadMan {
  return { ping: () => send('the outside monitor', options, { method: 'GET' }) };
}
