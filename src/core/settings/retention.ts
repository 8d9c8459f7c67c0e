import * as z from 'zod';
import { days, hours, percent, whole } from './kinds.ts';

const kept = (description: string) =>
  z.coerce.number().int().nonnegative().optional().meta({ unit: 'points', description });

/**
 * Which recovery points are kept. Without this section nothing is ever removed; nor is it while none of the rules is
 * set. A rule counts periods (UTC, weeks as ISO has them) that have a point: empty ones do not use it up.
 */
export const retentionSection = z.strictObject({
  last: kept('the newest points'),
  hourly: kept('of as many hours the newest proven point, else the newest protected one'),
  daily: kept('the same of days'),
  weekly: kept('the same of ISO weeks'),
  monthly: kept('the same of months'),
  yearly: kept('the same of years'),
  withinDays: z.coerce
    .number()
    .positive()
    .optional()
    .meta({ unit: 'days', description: 'every point that is younger than this' }),
  primarySnapshots: whole
    .default(2)
    .meta({ unit: 'points', description: 'the newest protected points whose snapshot at the primary is kept, too' }),
  failedDays: days(2).describe('what a failed point left behind goes after this'),
  confirmAbovePercent: percent(20).describe('an edit that removes a greater share waits for prune --confirm'),
  clockToleranceHours: hours(6).describe("a clock further off from the vault's own removes nothing"),
});

export type RetentionPolicy = z.infer<typeof retentionSection>;
