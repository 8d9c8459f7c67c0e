import { policyOf } from '../src/config.ts';
import { prune } from '../src/jobs/points/prune.ts';
import { database, portsOf, primaryArtifacts, queue, removal, replica, signals, vault } from '../src/wire/aws.ts';
import { unlessElsewhere } from './lib/direction.ts';
import { scheduledJob } from './lib/events.ts';
import { handlersOver } from './lib/handlers.ts';

const lambda = handlersOver(portsOf({ database, primaryArtifacts, queue, removal, replica, signals, vault }));

/** Removes the recovery points that the retention does not keep, and then from the replica what no point needs any more. An edited policy is confirmed by the command line alone. */
export const handler = lambda('prune', scheduledJob('prune'), (_event, { ports, config }) =>
  unlessElsewhere(ports.log, () => prune(ports, policyOf(config))),
);
