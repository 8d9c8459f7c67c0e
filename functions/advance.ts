import { z } from 'zod';
import { policyOf } from '../src/config.ts';
import { advance } from '../src/jobs/advance.ts';
import { objectCreated, ownEvent, rdsEvent, scheduledJob } from './lib/events.ts';
import { handler as lambda } from './lib/handler.ts';

/** Moves every point, drill and failover on: by schedule, by tick, and sooner by any event of RDS or the report of an inspection. */
export const handler = lambda(
  'advance',
  z.union([scheduledJob('advance'), rdsEvent, objectCreated, ownEvent]),
  (_event, { ports, config }) => advance(ports, policyOf(config)),
);
