import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { DrError } from '../errors.ts';

/** What carries requests, for each protocol. */
export type Agents = { httpAgent: http.Agent; httpsAgent: https.Agent };
type ProxyVariables = Record<string, string | undefined>;
type ProxiedHost = { host?: string | null | undefined; port?: string | number | null | undefined };
type Tunnel = ProxiedHost & { servername?: string | undefined };
type TunnelAnswer = (error: Error | null, socket?: Duplex) => void;

/** Answers of a proxy that mean that nobody is there behind it. */
const UNREACHED = [502, 503, 504];

/** A variable of the environment in either spelling; the small one wins, as with curl. */
function said(environment: ProxyVariables, name: string): string | undefined {
  return environment[name.toLowerCase()] || environment[name] || undefined;
}

/** Whether a host is named by NO_PROXY: itself, as a domain that it is in, with its port, or by `*`. */
export function goesDirect(noProxy: string | undefined, { host, port }: ProxiedHost): boolean {
  const name = (host ?? '').toLowerCase().replace(/^\[|\]$/g, '');
  return (noProxy ?? '')
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((each) => each !== '')
    .some((each) => {
      const [, entry = '', only] = /^(?:\*?\.)?(.*?)(?::(\d+))?$/.exec(each) ?? [];
      if (each === '*') return true;
      return (only === undefined || only === String(port)) && (name === entry || name.endsWith(`.${entry}`));
    });
}

/** The proxy that a variable names, by URL or as HOST:PORT. BAD_CONFIG for anything else; never prints its password. */
function proxyOf(environment: ProxyVariables, name: string): URL | undefined {
  const text = said(environment, name);
  if (text === undefined) return undefined;
  const named = text.includes('://') ? text : `http://${text}`;
  const url = URL.canParse(named) ? new URL(named) : undefined;
  if (url && ['http:', 'https:'].includes(url.protocol) && url.hostname !== '') return url;
  throw new DrError('BAD_CONFIG', `${name} names no HTTP proxy`, {
    subject: name,
    hint: `Set ${name} to http://HOST:PORT, or unset it; hosts to reach without it belong into NO_PROXY.`,
  });
}

/** An error of the proxy itself; its address is said without user and password. One of silence is not tried again. */
class ProxyError extends Error {
  readonly code: string | undefined;
  constructor(proxy: URL, target: string, why: string, code: string | undefined) {
    super(`the proxy ${proxy.protocol}//${proxy.host} ${why} (asked for ${target})`);
    this.name = code === 'ETIMEDOUT' ? 'TimeoutError' : 'ProxyError';
    this.code = code;
  }
}

/** Asks a proxy for a tunnel; the time that a connection may take is the proxy's, too. */
function openTunnel(proxy: URL, { host, port }: ProxiedHost, timeoutMs: number, answer: TunnelAnswer): void {
  const target = `${host?.includes(':') ? `[${host}]` : host}:${port}`;
  const login = [proxy.username, proxy.password].map(decodeURIComponent).join(':');
  const authorization = `Basic ${Buffer.from(login).toString('base64')}`;
  const asked = (proxy.protocol === 'https:' ? https : http).request({
    host: proxy.hostname.replace(/^\[|\]$/g, ''),
    port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
    method: 'CONNECT',
    path: target,
    headers: { host: target, ...(login === ':' ? {} : { 'proxy-authorization': authorization }) },
    agent: false,
    timeout: timeoutMs,
  });
  asked.once('timeout', () => asked.destroy(new ProxyError(proxy, target, 'does not answer', 'ETIMEDOUT')));
  asked.once('error', (error: NodeJS.ErrnoException) =>
    answer(error instanceof ProxyError ? error : new ProxyError(proxy, target, 'cannot be reached', error.code)),
  );
  // A proxy that answers as if CONNECT were any other request makes no tunnel.
  asked.once('response', (response) =>
    asked.destroy(new ProxyError(proxy, target, `answered ${response.statusCode}`, undefined)),
  );
  asked.once('connect', ({ statusCode = 0 }, socket) => {
    if (statusCode === 200) return answer(null, socket.setTimeout(0));
    socket.destroy();
    const code = UNREACHED.includes(statusCode) ? 'EHOSTUNREACH' : undefined;
    answer(new ProxyError(proxy, target, `answered ${statusCode}`, code));
  });
  asked.end();
}

/** HTTP's agent as it makes connections: by a callback, when they are not there at once. */
type Connecting = { createConnection: (options: Tunnel, answer: TunnelAnswer) => Duplex | null | undefined };

function tunnelled<A extends http.Agent>(agent: A, proxy: URL, noProxy: string | undefined, timeoutMs: number): A {
  const connecting = agent as unknown as Connecting;
  const direct = connecting.createConnection.bind(agent);
  const secure = agent instanceof https.Agent;
  connecting.createConnection = (options, answer) => {
    if (goesDirect(noProxy, options)) return direct(options, answer);
    openTunnel(proxy, options, timeoutMs, (error, socket) => {
      if (error || !socket || !secure) return answer(error, socket);
      answer(null, tls.connect({ ...(options as tls.ConnectionOptions), socket }));
    });
    return undefined;
  };
  return agent;
}

/**
 * Makes what carries requests through the proxies that HTTPS_PROXY and HTTP_PROXY name, but to hosts of NO_PROXY;
 * undefined when none is named. Both kinds of requests are tunnelled (CONNECT): a proxy sees hosts, and nothing else.
 */
export function proxyAgents(environment: ProxyVariables, timeoutMs: number): (() => Agents) | undefined {
  const [forHttps, forHttp] = [proxyOf(environment, 'HTTPS_PROXY'), proxyOf(environment, 'HTTP_PROXY')];
  if (!forHttps && !forHttp) return undefined;
  const noProxy = said(environment, 'NO_PROXY');
  const kept = { keepAlive: true, maxSockets: 50 };
  const over = <A extends http.Agent>(agent: A, proxy: URL | undefined): A =>
    proxy ? tunnelled(agent, proxy, noProxy, timeoutMs) : agent;
  return () => ({
    httpAgent: over(new http.Agent(kept), forHttp),
    httpsAgent: over(new https.Agent(kept), forHttps),
  });
}
