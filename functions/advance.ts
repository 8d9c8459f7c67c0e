import { z } from 'zod';
import { advance } from '../src/jobs/advance.ts';
import { rdsEvent, scheduledJob } from './lib/events.ts';
import { handler as lambda } from './lib/handler.ts';

/** Moves every point on: by schedule, by tick, and sooner by any event of RDS. */
export const handler = lambda('advance', z.union([scheduledJob('advance'), rdsEvent]), (_event, { ports, config }) =>
  advance(ports, config.policy),
);
