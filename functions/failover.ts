import * as z from 'zod';
import { policyOf } from '../src/config.ts';
import { abortFailover, unfence } from '../src/jobs/recovery/call-off.ts';
import { planFailback, startFailback } from '../src/jobs/recovery/failback.ts';
import { planFailover, startFailover } from '../src/jobs/recovery/failover.ts';
import { failoverStatus } from '../src/jobs/recovery/leftovers.ts';
import { releaseFailover } from '../src/jobs/recovery/release.ts';
import { offers, portsOf, reverseVault } from '../src/wire/aws.ts';
import { recoveryMakers } from '../src/wire/recovery.ts';
import { handlersOver } from './lib/handlers.ts';

const lambda = handlersOver(portsOf({ ...recoveryMakers, offers, reverseVault }));

const request = z.strictObject({
  action: z.enum(['plan', 'start', 'status', 'abort', 'unfence', 'release', 'failback-plan', 'failback-start']),
  point: z.string().default('latest'),
  confirm: z.string().optional(),
  planned: z.boolean().default(false),
  acceptUnfenced: z.boolean().default(false),
  acceptFindings: z.boolean().default(false),
});

/** The one function that is invoked by hand. What it starts, `advance` carries on; calling it again is always safe. */
export const handler = lambda('failover', request, async (event, { ports, config }) => {
  const policy = policyOf(config);
  const { action, confirm, ...wanted } = event;
  const jobs = {
    plan: () => planFailover(ports, policy, wanted),
    start: () => startFailover(ports, policy, { ...wanted, confirm }),
    status: () => failoverStatus(ports),
    abort: () => abortFailover(ports, policy),
    unfence: () => unfence(ports, policy),
    release: () => releaseFailover(ports, policy, confirm),
    'failback-plan': () => planFailback(ports),
    'failback-start': () => startFailback(ports, policy),
  } satisfies Record<typeof action, () => Promise<unknown>>;
  return jobs[action]();
});
