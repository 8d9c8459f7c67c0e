import { policyOf } from '../src/config.ts';
import { readiness } from '../src/jobs/readiness.ts';
import { scheduledJob } from './lib/events.ts';
import { handler as lambda } from './lib/handler.ts';

/** Assesses readiness, publishes it, writes the status. */
export const handler = lambda('readiness', scheduledJob('readiness'), (_event, { ports, config }) =>
  readiness(ports, policyOf(config)),
);
