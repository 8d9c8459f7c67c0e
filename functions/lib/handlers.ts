import { Logger } from '@aws-lambda-powertools/logger';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import * as z from 'zod';
import { type Config, parseConfig, processEnvironment } from '../../src/config.ts';
import type { Log } from '../../src/core/ports/all.ts';
import { DrError } from '../../src/errors.ts';

/** Configuration and clients, made at the first event and kept while the process is warm. */
export type Runtime<P> = { ports: P; config: Config };

function lambdaLog(name: string): Log {
  const logger = new Logger({ serviceName: name });
  return {
    info: (message, facts) => logger.info(message, facts ?? {}),
    warn: (message, facts) => logger.warn(message, facts ?? {}),
  };
}

/** Parses an event; one that fits nothing is refused by name, so that a wrong rule is seen at once. */
function parseEvent<T>(name: string, schema: z.ZodType<T>, event: unknown): T {
  const parsed = schema.safeParse(event);
  if (parsed.success) return parsed.data;
  const seen = event as { source?: unknown; 'detail-type'?: unknown; kind?: unknown; job?: unknown } | null;
  const known = [seen?.source, seen?.['detail-type'], seen?.kind, seen?.job].filter((each) => typeof each === 'string');
  throw new DrError(
    'UNKNOWN_EVENT',
    `${name} does not know the event ${known.join(' / ') || JSON.stringify(event)?.slice(0, 200)}`,
    {
      hint: `Look at events/${name}*.json for what it takes. ${z.prettifyError(parsed.error)}`,
    },
  );
}

/**
 * Lambda handlers over ports that `wire` makes: parse the event, call the job, return its answer. Errors are logged
 * and thrown on, so that retry, dead-letter queue and alarm see them.
 */
export function handlersOver<P>(wire: (config: Config, log: Log) => P) {
  return <T, R>(name: string, schema: z.ZodType<T>, job: (event: T, runtime: Runtime<P>) => Promise<R>) => {
    let runtime: Runtime<P> | undefined;
    const run = async (event: unknown, _context: Context): Promise<R> => {
      if (!runtime) {
        const config = parseConfig(processEnvironment());
        runtime = { config, ports: wire(config, lambdaLog(name)) };
      }
      return job(parseEvent(name, schema, event), runtime);
    };
    return middy(run).onError((request) => {
      const error = request.error as (Error & Partial<Pick<DrError, 'code' | 'subject' | 'hint'>>) | null;
      const { message = 'failed', code, subject, hint } = error ?? {};
      new Logger({ serviceName: name }).error(message, { code, subject, hint });
    });
  };
}
