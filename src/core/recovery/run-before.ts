import * as z from 'zod';

/**
 * Runs as version 0.1 wrote them: one record of optional fields, a drill or a failover by its schema. Read so that what
 * it began is finished; the first change writes the new form.
 */
const runBefore = z.looseObject({
  schema: z.enum(['drill/1', 'failover/1']),
  requestedAt: z.string(),
  deadlineAt: z.string().optional(),
  wanted: z.strictObject({
    point: z.string(),
    alarmTest: z.boolean(),
    planned: z.boolean(),
    acceptUnfenced: z.boolean(),
    acceptFindings: z.boolean(),
    readAll: z.boolean().optional(),
    diverged: z.string().optional(),
  }),
  candidates: z.array(z.string()),
  attempts: z.array(
    z.looseObject({
      point: z.string(),
      outcome: z.string().optional(),
      inspection: z.looseObject({ doneAt: z.string().optional() }).optional(),
    }),
  ),
  blocked: z.strictObject({ at: z.string(), reason: z.string(), resumeWith: z.string() }).optional(),
});

type RunBefore = z.infer<typeof runBefore>;

/** The request that resumes a blocked failover: it wrote that as text, which nobody reads back. */
function resumeBefore({ wanted, attempts, candidates }: RunBefore) {
  const last = attempts.at(-1);
  // With no point left it offered the first that had been looked into, as it is.
  const tried = last?.outcome === 'rejected' ? attempts.find((each) => each.inspection?.doneAt) : undefined;
  const point = tried?.point ?? last?.point ?? candidates[0] ?? '';
  const refused = tried !== undefined;
  return {
    point: refused ? point : wanted.point,
    confirm: point,
    planned: wanted.planned,
    acceptUnfenced: last?.outcome === 'passed' || last?.outcome === 'accepted',
    acceptFindings: refused,
  };
}

function kindOf({ schema, wanted, requestedAt, deadlineAt = requestedAt }: RunBefore) {
  const { point, alarmTest, planned, acceptUnfenced, acceptFindings, readAll = false, diverged } = wanted;
  if (schema === 'failover/1') {
    return planned
      ? { kind: 'switchover', point, acceptFindings }
      : { kind: 'failover', point, acceptFindings, acceptUnfenced };
  }
  if (diverged !== undefined) return { kind: 'look-back', point, failover: diverged, deadlineAt };
  return alarmTest ? { kind: 'alarm-test', point, deadlineAt } : { kind: 'drill', point, readAll, deadlineAt };
}

/** A run of version 0.1 in today's form; anything else as it is. */
export function upgradedRun(value: unknown): unknown {
  const parsed = runBefore.safeParse(value);
  if (!parsed.success) return value;
  const { schema: _schema, wanted: _wanted, deadlineAt: _deadline, attempts, blocked, ...rest } = parsed.data;
  return {
    ...rest,
    schema: 'run/1',
    ...kindOf(parsed.data),
    // Which snapshot a look-back restores follows from its kind.
    attempts: attempts.map(({ snapshot: _snapshot, ...attempt }) => attempt),
    ...(blocked
      ? {
          blocked: {
            at: blocked.at,
            reason: blocked.reason,
            doFirst: blocked.resumeWith,
            resume: resumeBefore(parsed.data),
          },
        }
      : {}),
  };
}
