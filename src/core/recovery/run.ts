import * as z from 'zod';
import { findingSchema } from '../findings.ts';
import { count, instant } from '../schema.ts';
import { attemptSchema, fenceSchema, stepOutcomeSchema } from './documents.ts';
import { upgradedRun } from './run-before.ts';

const scratchStates = ['planned', 'restoring', 'inspecting', 'verifying', 'cleaning-up', 'passed', 'failed'] as const;
const failoverStates = [
  'planned',
  'fencing',
  'restoring',
  'inspecting',
  'healing+verifying',
  'cutting-over',
  'smoke-testing',
  'done',
  'blocked',
  'aborted',
  'failed',
] as const;
const switchoverStates = [...failoverStates, 'capturing-final'] as const;

/** What `failover start` is told. `confirm` is the point that the operator read in the plan: what is confirmed is what is lost. */
const startRequestSchema = z.strictObject({
  point: z.string(),
  confirm: z.string(),
  planned: z.boolean(),
  acceptUnfenced: z.boolean(),
  acceptFindings: z.boolean(),
});

function fieldsOf<K extends string, S extends readonly [string, ...string[]]>(kind: K, states: S) {
  return {
    schema: z.literal('run/1'),
    kind: z.literal(kind),
    id: z.string(),
    requestedAt: instant,
    /** Which point was asked for: an id, or `latest`. */
    point: z.string(),
    state: z.enum(states),
    /** Points to be tried, the best one first; those that were tried are in `attempts`. */
    candidates: z.array(z.string()),
    attempts: z.array(attemptSchema),
    /** Findings about the run as a whole: prerequisites, the fence, the smoke test after the cut-over. */
    findings: z.array(findingSchema),
    errors: z.array(z.strictObject({ at: instant, message: z.string() })),
    history: z.array(z.strictObject({ at: instant, state: z.enum(states), why: z.string() })),
    /** The last state that people were told of. */
    told: z.string().optional(),
  };
}

/** Restored into a scratch instance and thrown away. One that is not over by `deadlineAt` is cleaned up and failed. */
const scratchFieldsOf = <K extends string>(kind: K) => ({ ...fieldsOf(kind, scratchStates), deadlineAt: instant });

/** `readAll`: every object is read again, not a sample, in as many passes as it takes. */
const drill = z.strictObject({
  ...scratchFieldsOf('drill'),
  readAll: z.boolean(),
  /** Of the real thing: into a failover's class, Multi-AZ as a failover's. Absent in what the version before wrote: it was not. */
  real: z.boolean().optional(),
});
const alarmTest = z.strictObject(scratchFieldsOf('alarm-test'));
/** Into the database that this failover left behind: its snapshot is no recovery point. */
const lookBack = z.strictObject({
  ...scratchFieldsOf('look-back'),
  failover: z.string(),
  /** Absent where the first one was taken. */
  snapshot: z.string().optional(),
});

/** Restored with production's settings and kept. */
const production = {
  acceptFindings: z.boolean(),
  /** As which the direction has it in hand: by which epoch, and by which start of it. Version 0.1 wrote none. */
  taken: z.strictObject({ epoch: count, attempt: count }).optional(),
  fence: fenceSchema,
  cutOver: z.strictObject({ at: instant, epoch: count, steps: z.array(stepOutcomeSchema) }).optional(),
  smoke: z.strictObject({ askedAt: instant, tries: count, report: z.string(), doneAt: instant.optional() }).optional(),
  /** What a person does first, and the request that then takes the run on. */
  blocked: z
    .strictObject({ at: instant, reason: z.string(), doFirst: z.string(), resume: startRequestSchema })
    .optional(),
};
const failover = z.strictObject({
  ...fieldsOf('failover', failoverStates),
  ...production,
  acceptUnfenced: z.boolean(),
});
const switchover = z.strictObject({
  ...fieldsOf('switchover', switchoverStates),
  ...production,
  finalPoint: z.string().optional(),
});

/** One run, by its kind: `drills/<id>.json` or `failovers/<id>.json`. What the version before wrote is read, too. */
export const runSchema = z.preprocess(
  upgradedRun,
  z.discriminatedUnion('kind', [drill, alarmTest, lookBack, failover, switchover]),
);

export type StartRequest = z.infer<typeof startRequestSchema>;
export type Run = z.infer<typeof runSchema>;
export type RunKind = Run['kind'];
export type RunState = Run['state'];
export type RunOf<K extends RunKind> = Extract<Run, { kind: K }>;
export type ScratchRun = RunOf<'drill' | 'alarm-test' | 'look-back'>;
export type ProductionRun = RunOf<'failover' | 'switchover'>;

/** Whether what it restores is thrown away. */
export const isScratch = (run: Run): run is ScratchRun => !isProduction(run);
/** Whether a drill was of the real thing, so that its times are those of a failover. */
export const isRealDrill = (run: Run): run is RunOf<'drill'> => run.kind === 'drill' && run.real === true;
/** Whether what it restores is meant to serve. */
export const isProduction = (run: Run): run is ProductionRun => run.kind === 'failover' || run.kind === 'switchover';
