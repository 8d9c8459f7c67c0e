import * as z from 'zod';
import { instant } from '../schema.ts';

/** One line of `archive/<year>.ndjson.gz`: a document as it was, under the key that it had. */
export const archivedSchema = z.strictObject({ key: z.string(), archivedAt: instant, document: z.unknown() });

export type Archived = z.infer<typeof archivedSchema>;
