import * as z from 'zod';

/** What our own schedules and the tick rule send. */
export const scheduledJob = (job: string) => z.looseObject({ job: z.literal(job) });

const s3Object = z.looseObject({ key: z.string().min(1) });

/** S3's "Object Created" by EventBridge; keys are not URL-encoded there. */
export const objectCreated = z.looseObject({
  source: z.literal('aws.s3'),
  'detail-type': z.literal('Object Created'),
  detail: z.looseObject({ bucket: z.looseObject({ name: z.string() }), object: s3Object }),
});

const repair = z.strictObject({ kind: z.literal('repair'), key: z.string().min(1) });

/** One message of the work queue: an event of S3, or a copy that a comparison asked for. */
export const artifactWork = z.union([objectCreated, repair]);

/** Our own news on the bus. */
export const ownEvent = z.looseObject({ source: z.literal('builder-dr'), 'detail-type': z.string() });

export const rdsEvent = z.looseObject({
  source: z.literal('aws.rds'),
  'detail-type': z.string(),
  detail: z.looseObject({ SourceIdentifier: z.string() }),
});

export const queueEvent = z.looseObject({
  Records: z.array(z.looseObject({ messageId: z.string(), eventSource: z.literal('aws:sqs'), body: z.string() })),
});
