import * as z from 'zod';
import { policyOf } from '../src/config.ts';
import { startDrill } from '../src/jobs/recovery/drill.ts';
import { database, portsOf, signals, vault } from '../src/wire/aws.ts';
import { unlessElsewhere } from './lib/direction.ts';
import { handlersOver } from './lib/handlers.ts';

const lambda = handlersOver(portsOf({ database, signals, vault }));

const instant = z.iso.datetime();
const request = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('scheduled'), scheduledAt: instant }),
  z.looseObject({
    kind: z.literal('manual'),
    requestedAt: instant.optional(),
    point: z.string().default('latest'),
    alarmTest: z.boolean().default(false),
    readAll: z.boolean().default(false),
  }),
]);

/** Starts a drill: by schedule, named by its scheduled time so that a retry finds it, or by hand. */
export const handler = lambda('drill', request, async (event, { ports, config }) => {
  const manual = event.kind === 'manual';
  const requested = manual ? event.requestedAt : event.scheduledAt;
  const at = requested ? new Date(requested) : ports.clock();
  const point = manual ? event.point : 'latest';
  const asked =
    manual && event.alarmTest
      ? ({ kind: 'alarm-test', point, at } as const)
      : ({ kind: 'drill', point, readAll: manual && event.readAll, at } as const);
  const start = async () => {
    const { id, state } = await startDrill(ports, policyOf(config), asked);
    return { id, state };
  };
  return manual ? start() : unlessElsewhere(ports.log, start);
});
