import * as z from 'zod';

/** The states in which a run has ended. */
export const endStates: readonly string[] = ['passed', 'failed', 'done', 'aborted'];

/** As much of a run as says whether it has ended, for a function that is too small to know all of it. */
export const runEndSchema = z.looseObject({ state: z.string() });
