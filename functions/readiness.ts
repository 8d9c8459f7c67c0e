import { policyOf } from '../src/config.ts';
import { readiness } from '../src/jobs/readiness.ts';
import * as aws from '../src/wire/aws.ts';
import { scheduledJob } from './lib/events.ts';
import { handlersOver } from './lib/handlers.ts';

const lambda = handlersOver(
  aws.portsOf({
    database: aws.database,
    deadMan: aws.deadMan,
    displaced: aws.displaced,
    escrow: aws.escrow,
    fence: aws.fence,
    instances: aws.instances,
    metrics: aws.metrics,
    notifier: aws.notifier,
    offers: aws.offers,
    replica: aws.replica,
    reverseVault: aws.reverseVault,
    signals: aws.signals,
    vault: aws.vault,
  }),
);

/** Assesses readiness, publishes it, writes the status. */
export const handler = lambda('readiness', scheduledJob('readiness'), (_event, { ports, config }) =>
  readiness(ports, policyOf(config)),
);
