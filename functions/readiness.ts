import { policyOf } from '../src/config.ts';
import { readiness } from '../src/jobs/readiness.ts';
import {
  database,
  deadMan,
  displaced,
  escrow,
  instances,
  metrics,
  notifier,
  offers,
  portsOf,
  replica,
  reverseVault,
  signals,
  vault,
} from '../src/wire/aws.ts';
import { scheduledJob } from './lib/events.ts';
import { handlersOver } from './lib/handlers.ts';

const lambda = handlersOver(
  portsOf({
    database,
    deadMan,
    displaced,
    escrow,
    instances,
    metrics,
    notifier,
    offers,
    replica,
    reverseVault,
    signals,
    vault,
  }),
);

/** Assesses readiness, publishes it, writes the status. */
export const handler = lambda('readiness', scheduledJob('readiness'), (_event, { ports, config }) =>
  readiness(ports, policyOf(config)),
);
