import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

type Text = { type?: unknown; text?: unknown };
type Block = { type?: unknown; text?: Text; fields?: Text[]; elements?: Text[] };
export type Posted = { text: string; blocks: Block[] };

// https://docs.slack.dev/reference/block-kit/blocks: what Slack says it takes.
const LIMITS = { blocks: 50, header: 150, section: 3_000, field: 2_000, fields: 10, elements: 10, text: 40_000 };

function textProblem(what: string, found: Text | undefined, types: string[], limit: number): string[] {
  if (!found || typeof found.text !== 'string' || !types.includes(String(found.type))) {
    return [`${what} is no ${types.join(' or ')}`];
  }
  if (found.text.length === 0) return [`${what} is empty`];
  if (found.text.length > limit) return [`${what} has ${found.text.length} characters, ${limit} are taken`];
  const stray = found.type === 'mrkdwn' && /&(?!amp;|lt;|gt;)|</.test(found.text);
  return stray ? [`${what} has characters that mean something to Slack: ${found.text}`] : [];
}

function blockProblems(block: Block, index: number): string[] {
  const what = `block ${index} (${block.type})`;
  const any = ['mrkdwn', 'plain_text'];
  switch (block.type) {
    case 'header':
      return textProblem(what, block.text, ['plain_text'], LIMITS.header);
    case 'section': {
      if (block.text) return textProblem(what, block.text, any, LIMITS.section);
      const fields = block.fields ?? [];
      if (fields.length === 0 || fields.length > LIMITS.fields) return [`${what} has ${fields.length} fields`];
      return fields.flatMap((each, n) => textProblem(`${what} field ${n}`, each, any, LIMITS.field));
    }
    case 'context': {
      const elements = block.elements ?? [];
      if (elements.length === 0 || elements.length > LIMITS.elements)
        return [`${what} has ${elements.length} elements`];
      return elements.flatMap((each, n) => textProblem(`${what} element ${n}`, each, any, LIMITS.section));
    }
    case 'divider':
      return [];
    default:
      return [`${what} is of no kind that this sandbox knows`];
  }
}

/** What Slack would refuse about a message. */
export function slackProblems({ text, blocks }: Posted): string[] {
  const problems = blocks.flatMap(blockProblems);
  if (typeof text !== 'string' || text.length === 0) problems.push('there is no text for notifications');
  if (text.length > LIMITS.text) problems.push('the text is too long');
  if (blocks.length > LIMITS.blocks) problems.push(`${blocks.length} blocks, ${LIMITS.blocks} are taken`);
  return problems;
}

/** Slack's end of an incoming webhook: takes what Slack takes, refuses the rest, fails on demand. */
export class Slack {
  readonly posted: Posted[] = [];
  readonly refused: string[] = [];
  /** How often the outside monitor was called. */
  pings = 0;
  /** Answers to give before being well again: a status, and what Retry-After says. */
  readonly #troubles: { status: number; retryAfter?: string }[] = [];
  readonly #server: Server;
  requests = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Slack> {
    const server = createServer();
    const slack = new Slack(server);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { status, text, headers } = slack.#answer(request.url ?? '', Buffer.concat(chunks).toString());
        response.writeHead(status, headers).end(text);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return slack;
  }

  /** The secret: who has it may post. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/services/T000/B000/only-for-tests`;
  }

  /** The same of a monitor that rings when it is not called. */
  get monitorUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/ping/only-for-tests`;
  }

  failNext(...troubles: { status: number; retryAfter?: string }[]): void {
    this.#troubles.push(...troubles);
  }

  #answer(path: string, body: string): { status: number; text: string; headers?: Record<string, string> } {
    this.requests += 1;
    if (path === new URL(this.monitorUrl).pathname) {
      this.pings += 1;
      return { status: 200, text: 'ok' };
    }
    if (!path.endsWith('/only-for-tests')) return { status: 404, text: 'no_service' };
    const trouble = this.#troubles.shift();
    if (trouble) {
      const headers = trouble.retryAfter ? { 'retry-after': trouble.retryAfter } : {};
      return { status: trouble.status, text: 'trouble', headers };
    }
    let message: Posted;
    try {
      message = JSON.parse(body) as Posted;
    } catch {
      return { status: 400, text: 'invalid_payload' };
    }
    const problems = slackProblems(message);
    if (problems.length > 0) {
      this.refused.push(...problems);
      return { status: 400, text: 'invalid_blocks' };
    }
    this.posted.push(message);
    return { status: 200, text: 'ok' };
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
