import { z } from 'zod';
import { capture } from '../src/jobs/capture.ts';
import { handler as lambda } from './lib/handler.ts';

const at = z.iso.datetime();
const request = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('scheduled'), scheduledAt: at }),
  z.looseObject({ kind: z.literal('manual'), requestedAt: at.optional() }),
]);

/** Starts a recovery point: by schedule for its slot, or by hand. */
export const handler = lambda('capture', request, async (event, { ports, config }) => {
  const requested = event.kind === 'scheduled' ? event.scheduledAt : event.requestedAt;
  const when = requested ? new Date(requested) : ports.clock();
  const point = await capture(ports, config.policy, { kind: event.kind, at: when });
  return { id: point.id, kind: point.kind, state: point.state };
});
