import {
  Agent,
  createServer,
  request as forward,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Bridge } from '../bridge.ts';
import { type Call, identify, type RecordedCall } from './call.ts';
import { type FaultRule, Faults } from './faults.ts';
import { Strictness } from './strict.ts';

export type GatewayOptions = {
  bridge: Bridge;
  rdsPort: number;
  ministackPort: number;
  /** Answers what the sandbox itself is asked under /_sandbox/. */
  control: (path: string, body: string) => Promise<unknown>;
};

// Policies that demand TLS are met: the gateway stands where AWS's TLS ends.
const TLS = { 'x-forwarded-proto': 'https' };
/** Recorded in place of a status when nobody heard an answer. */
const UNANSWERED = 0;
const copies = ['CopyObject', 'UploadPartCopy'];

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function errorBody(call: Call, code: string, message: string): string {
  if (call.service === 's3') return `<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  if (call.service === 'rds' || call.service === 'sns') {
    return `<ErrorResponse><Error><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`;
  }
  return JSON.stringify({ __type: code, message });
}

/** What a fault makes AWS answer in place of the call's own answer: status, code, message. */
function refusalOf({ service }: Call, fault: FaultRule | undefined): readonly [number, string, string] | undefined {
  if (fault?.kind === 'error-in-200') return [200, 'InternalError', 'We encountered an internal error'];
  if (fault?.kind !== 'throttle') return undefined;
  return service === 's3' ? [503, 'SlowDown', 'Rate exceeded'] : [400, 'ThrottlingException', 'Rate exceeded'];
}

/** What a store other than AWS's may do. `ignoresCopyConditions`: CopyObject overwrites whatever the headers say. */
export type StoreManners = { ignoresCopyConditions: boolean };

/** The one endpoint of the sandbox: routes, records, is strict, and breaks on demand. */
export class Gateway {
  readonly faults = new Faults();
  readonly calls: RecordedCall[] = [];
  readonly strictness: Strictness;
  manners: StoreManners = { ignoresCopyConditions: false };
  readonly #options: GatewayOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 128 });

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.strictness = new Strictness(options.bridge);
  }

  listen(): Server {
    return createServer({ keepAliveTimeout: 75_000, requestTimeout: 0 }, (request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        if (!response.headersSent) response.writeHead(502);
        response.end(String(error));
      });
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url?.startsWith('/_sandbox/')) {
      const body = (await readAll(request)).toString();
      const answer = await this.#options.control(request.url.slice('/_sandbox/'.length), body);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? {}));
      return;
    }
    const isObject = /\/s3\/aws4_request/.test(request.headers.authorization ?? request.url ?? '');
    const body = isObject ? undefined : await readAll(request);
    const call = identify(request, body?.toString() ?? '');
    if (!call) return this.#pass(request, response, body, undefined, undefined);
    const dark = await this.#darkness(call);
    if (dark) {
      await this.#record(call, UNANSWERED);
      return this.#drop(request, response, dark);
    }
    await this.#serve(call, request, response, body);
  }

  async #darkness(call: Call): Promise<'reset' | 'black-hole' | undefined> {
    if (this.faults.darkRegions.length === 0) return undefined;
    const regions: (string | undefined)[] = [call.region];
    if (call.service === 's3') {
      regions.push(await this.strictness.regionOf(call.resource.split('/')[0] ?? ''));
      if (call.source && copies.includes(call.action)) {
        regions.push(await this.strictness.regionOf(call.source.split('/')[0] ?? ''));
      }
    } else if (call.source?.startsWith('arn:')) regions.push(call.source.split(':')[3]);
    return this.faults.darkness(regions);
  }

  #drop(request: IncomingMessage, response: ServerResponse, mode: 'reset' | 'black-hole'): void {
    if (mode === 'reset') request.socket.resetAndDestroy();
    else response.on('close', () => request.socket.destroy()); // accepted, never answered
  }

  async #serve(call: Call, request: IncomingMessage, response: ServerResponse, body: Buffer | undefined) {
    const fault = this.faults.next(call);
    const missing = await this.strictness.missingRight(call);
    if (!missing && (fault?.kind === 'reset' || fault?.kind === 'black-hole'))
      return this.#drop(request, response, fault.kind);
    const refusal = missing
      ? ([403, 'AccessDenied', `not authorized to perform ${missing}`] as const)
      : refusalOf(call, fault);
    if (refusal) {
      // An answer before the body has come may close the connection, and the sender hears of a broken pipe instead.
      if (body === undefined) for await (const _ of request);
      return this.#refuse(call, response, ...refusal);
    }
    if (fault?.kind === 'slow') await new Promise((resolve) => setTimeout(resolve, fault.delayMs ?? 1000));
    await this.#pass(request, response, body, call, fault);
  }

  async #record(call: Call, status: number): Promise<void> {
    const principal = await this.#options.bridge.principal(call.accessKeyId);
    this.calls.push({ ...call, at: new Date().toISOString(), principal, status });
    if (this.calls.length > 100_000) this.calls.splice(0, 50_000);
  }

  async #refuse(call: Call, response: ServerResponse, status: number, code: string, message: string) {
    await this.#record(call, status);
    response.writeHead(status, { 'content-type': call.service === 's3' ? 'application/xml' : 'text/xml' });
    response.end(errorBody(call, code, message));
  }

  async #pass(
    request: IncomingMessage,
    response: ServerResponse,
    body: Buffer | undefined,
    call: Call | undefined,
    fault: FaultRule | undefined,
  ): Promise<void> {
    const port = call?.service === 'rds' ? this.#options.rdsPort : this.#options.ministackPort;
    const { method, url, headers } = request;
    // Signed headers must arrive as they are: the emulator is told apart from them.
    const unheard = call?.action === 'CopyObject' && this.manners.ignoresCopyConditions;
    const rawHeaders = unheard ? [...request.rawHeaders, 'x-sandbox-conditions', 'ignored'] : request.rawHeaders;
    // A body that was read is sent with its length; anything else streams through.
    const upstream = forward({
      agent: this.#agent,
      host: '127.0.0.1',
      port,
      method,
      path: url,
      headers:
        headers['transfer-encoding'] && body
          ? { ...headers, 'content-length': body.length, ...TLS }
          : [...rawHeaders, ...Object.entries(TLS).flat()],
    });
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      upstream.once('response', resolve);
      upstream.once('error', reject);
    });
    if (body) upstream.end(body);
    else request.pipe(upstream);
    const reply = await answered;
    const status = call ? await this.#status(call, reply) : (reply.statusCode ?? 502);
    if (call) await this.#record(call, status);
    if (call?.service === 's3' && method === 'PUT') this.#noteBucketChange(call);
    if (fault?.kind === 'lost-response') {
      reply.resume();
      request.socket.resetAndDestroy();
      return;
    }
    if (status === 403 && reply.statusCode === 404 && call) {
      reply.resume();
      response.writeHead(403, { 'content-type': 'application/xml' });
      response.end(method === 'HEAD' ? undefined : errorBody(call, 'AccessDenied', 'Access Denied'));
      return;
    }
    response.writeHead(reply.statusCode ?? 502, reply.rawHeaders);
    if (fault?.kind === 'cut-body') return this.#half(reply, response, () => request.socket.resetAndDestroy());
    if (fault?.kind === 'stalled-body') return this.#half(reply, response, () => undefined);
    reply.pipe(response);
    response.once('close', () => reply.destroy());
  }

  async #status(call: Call, reply: IncomingMessage): Promise<number> {
    const status = reply.statusCode ?? 502;
    const hidden = status === 404 && ['GetObject', 'HeadObject'].includes(call.action) && call.service === 's3';
    return hidden && !(await this.strictness.mayKnowMissing(call)) ? 403 : status;
  }

  #noteBucketChange(call: Call): void {
    if (call.action.includes('Bucket')) this.strictness.forget(call.resource);
  }

  /** Sends half of the body, then does what is to happen instead of the rest. */
  #half(reply: IncomingMessage, response: ServerResponse, instead: () => void): void {
    const half = Math.floor(Number(reply.headers['content-length'] ?? 2) / 2);
    let sent = 0;
    reply.on('data', (chunk: Buffer) => {
      const part = chunk.subarray(0, Math.max(0, half - sent));
      sent += part.length;
      response.write(part);
      if (sent >= half) setTimeout(instead, 20);
    });
    response.once('close', () => reply.destroy());
  }
}
