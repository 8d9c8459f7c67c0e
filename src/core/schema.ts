import * as z from 'zod';

/** Pieces that documents of every subject are made of. */
export const instant = z.iso.datetime();
export const count = z.int().nonnegative();
/** Many names: how many, and the first of them. */
export const sampled = z.strictObject({ count, samples: z.array(z.string()) });
