import { policyOf } from '../src/config.ts';
import { reconcile } from '../src/jobs/reconcile.ts';
import { unlessElsewhere } from './lib/direction.ts';
import { scheduledJob } from './lib/events.ts';
import { handler as lambda } from './lib/handler.ts';

/** Compares the buckets and queues what the replica lacks. */
export const handler = lambda('reconcile', scheduledJob('reconcile'), (_event, { ports, config }) =>
  unlessElsewhere(ports.log, () => reconcile(ports, policyOf(config))),
);
