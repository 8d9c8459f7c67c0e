import * as z from 'zod';
import { policyOf } from '../src/config.ts';
import { inspectDatabase } from '../src/jobs/inspector/inspect-database.ts';
import { inspectionPorts } from '../src/wire/inspection.ts';
import { handlersOver } from './lib/handlers.ts';

const request = z.strictObject({
  job: z.literal('inspect-database'),
  run: z.string().min(1),
  report: z.string().min(1),
  what: z.enum(['inspect', 'smoke']),
});

/** Inside the VPC: queries a restored database, smoke-tests it as Builder, and reports by a vault document. */
export const handler = handlersOver(inspectionPorts)('inspect-database', request, async (event, { ports, config }) => {
  const { instance, at, error } = await inspectDatabase(ports, policyOf(config), event);
  return { report: event.report, instance, at, error };
});
