import * as z from 'zod';
import { policyOf } from '../src/config.ts';
import { hasCode } from '../src/errors.ts';
import { capture } from '../src/jobs/points/capture.ts';
import { database, portsOf, signals, vault } from '../src/wire/aws.ts';
import { handlersOver } from './lib/handlers.ts';

const lambda = handlersOver(portsOf({ database, signals, vault }));

const at = z.iso.datetime();
const request = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('scheduled'), scheduledAt: at }),
  z.looseObject({ kind: z.literal('manual'), requestedAt: at.optional() }),
]);

/** Starts a recovery point: by schedule for its slot, or by hand. An event that comes after its slot has nothing left to do, however often it is tried. */
export const handler = lambda('capture', request, async (event, { ports, config }) => {
  const requested = event.kind === 'scheduled' ? event.scheduledAt : event.requestedAt;
  const at = requested ? new Date(requested) : ports.clock();
  try {
    // An event that is tried again is the same request.
    const request = requested ? { request: requested } : {};
    const { id, kind, state } = await capture(ports, policyOf(config), { kind: event.kind, at, ...request });
    return { id, kind, state };
  } catch (error) {
    const elsewhere = hasCode(error, 'WRONG_DIRECTION') && event.kind === 'scheduled';
    if (!hasCode(error, 'SLOT_OVER') && !elsewhere) throw error;
    ports.log.warn('no point was made', { why: error.message, hint: error.hint });
    return { id: null, kind: event.kind, state: elsewhere ? 'wrong-direction' : 'slot-over' };
  }
});
