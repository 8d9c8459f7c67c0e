import * as z from 'zod';
import { policyOf } from '../src/config.ts';
import { advance } from '../src/jobs/advance.ts';
import { portsOf } from '../src/wire/aws.ts';
import { recoveryMakers } from '../src/wire/recovery.ts';
import { objectCreated, ownEvent, rdsEvent, scheduledJob } from './lib/events.ts';
import { handlersOver } from './lib/handlers.ts';

const lambda = handlersOver(portsOf(recoveryMakers));

/** Moves every point, drill and failover on: by schedule, by tick, and sooner by any event of RDS or the report of an inspection. */
export const handler = lambda(
  'advance',
  z.union([scheduledJob('advance'), rdsEvent, objectCreated, ownEvent]),
  (_event, { ports, config }) => advance(ports, policyOf(config)),
);
