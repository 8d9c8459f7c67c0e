import { policyOf } from '../src/config.ts';
import { reconcile } from '../src/jobs/artifacts/reconcile.ts';
import { portsOf, primaryArtifacts, queue, replica, vault } from '../src/wire/aws.ts';
import { unlessElsewhere } from './lib/direction.ts';
import { scheduledJob } from './lib/events.ts';
import { handlersOver } from './lib/handlers.ts';

const lambda = handlersOver(portsOf({ primaryArtifacts, replica, queue, vault }));

/** Compares the buckets and queues what the replica lacks. */
export const handler = lambda('reconcile', scheduledJob('reconcile'), (_event, { ports, config }) =>
  unlessElsewhere(ports.log, () => reconcile(ports, policyOf(config))),
);
