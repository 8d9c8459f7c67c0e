import * as z from 'zod';
import { policyOf } from '../src/config.ts';
import { startDrill } from '../src/jobs/recovery/drill.ts';
import { database, portsOf, signals, vault } from '../src/wire/aws.ts';
import { unlessElsewhere } from './lib/direction.ts';
import { handlersOver } from './lib/handlers.ts';

const lambda = handlersOver(portsOf({ database, signals, vault }));

const at = z.iso.datetime();
const request = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('scheduled'), scheduledAt: at }),
  z.looseObject({
    kind: z.literal('manual'),
    requestedAt: at.optional(),
    point: z.string().default('latest'),
    alarmTest: z.boolean().default(false),
    readAll: z.boolean().default(false),
  }),
]);

/** Starts a drill: by schedule, named by its scheduled time so that a retry finds it, or by hand. */
export const handler = lambda('drill', request, async (event, { ports, config }) => {
  const manual = event.kind === 'manual';
  const requested = manual ? event.requestedAt : event.scheduledAt;
  const start = async () => {
    const { id, state } = await startDrill(ports, policyOf(config), {
      point: manual ? event.point : 'latest',
      alarmTest: manual && event.alarmTest,
      readAll: manual && event.readAll,
      at: requested ? new Date(requested) : ports.clock(),
    });
    return { id, state };
  };
  return manual ? start() : unlessElsewhere(ports.log, start);
});
