import * as z from 'zod';
import { percent, whole } from './kinds.ts';

/** How deletes at the primary reach the replica. */
export const replicaSection = z.strictObject({
  undeleteDays: whole
    .default(30)
    .meta({ unit: 'days', description: 'how long what was removed from the replica can be brought back' }),
  massDeletePercent: percent(10).describe('more of the replica deleted within a day waits for `points accept`'),
  massDeleteFloor: whole
    .default(100)
    .meta({ unit: 'artifacts', description: 'fewer than this are no mass deletion, whatever their share' }),
});

export type ReplicaSettings = z.infer<typeof replicaSection>;
