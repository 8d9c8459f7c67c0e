import * as z from 'zod';
import { policyOf } from '../src/config.ts';
import { type DrillRequest, startDrill } from '../src/jobs/recovery/drill.ts';
import { database, portsOf, signals, vault } from '../src/wire/aws.ts';
import { unlessElsewhere } from './lib/direction.ts';
import { handlersOver } from './lib/handlers.ts';

const lambda = handlersOver(portsOf({ database, signals, vault }));

const instant = z.iso.datetime();
const request = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('scheduled'), scheduledAt: instant }),
  z
    .looseObject({
      kind: z.literal('manual'),
      requestedAt: instant.optional(),
      point: z.string().default('latest'),
      alarmTest: z.boolean().default(false),
      readAll: z.boolean().default(false),
      real: z.boolean().default(false),
    })
    .refine(({ alarmTest, real }) => !(alarmTest && real), 'alarmTest and real exclude each other'),
]);

/** Starts a drill: by schedule, named by its scheduled time so that a retry finds it, or by hand. */
export const handler = lambda('drill', request, async (event, { ports, config }) => {
  const start = async (asked: DrillRequest) => {
    const { id, state } = await startDrill(ports, policyOf(config), asked);
    return { id, state };
  };
  if (event.kind === 'scheduled') {
    const scheduled = { kind: 'drill', point: 'latest', readAll: false, real: 'as-scheduled' } as const;
    return unlessElsewhere(ports.log, () => start({ ...scheduled, at: new Date(event.scheduledAt) }));
  }
  const { point, readAll, real, requestedAt } = event;
  const at = requestedAt ? new Date(requestedAt) : ports.clock();
  return start(event.alarmTest ? { kind: 'alarm-test', point, at } : { kind: 'drill', point, readAll, real, at });
});
