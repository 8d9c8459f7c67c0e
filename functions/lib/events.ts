import * as z from 'zod';
import { DrError } from '../../src/errors.ts';
import type { ArtifactWork } from '../../src/jobs/artifacts/replicate-batch.ts';

/** What our own schedules and the tick rule send. */
export const scheduledJob = (job: string) => z.looseObject({ job: z.literal(job) });

const s3Object = z.looseObject({ key: z.string().min(1) });

const s3Event = <T extends string>(type: T) =>
  z.looseObject({
    source: z.literal('aws.s3'),
    'detail-type': z.literal(type),
    detail: z.looseObject({ bucket: z.looseObject({ name: z.string() }), object: s3Object }),
  });

/** S3's "Object Created" by EventBridge; keys are not URL-encoded there. */
export const objectCreated = s3Event('Object Created');
/** A delete, a delete marker, a version that is gone, or an expiration: whether the key is gone is asked for. */
const objectDeleted = s3Event('Object Deleted');

const repair = z.strictObject({ kind: z.literal('repair'), key: z.string().min(1) });

const artifactWork = z.union([objectCreated, objectDeleted, repair]);

/**
 * One message of the work queue: a copy that a comparison asked for, or an event of S3: a key, and what happened to it at
 * the primary.
 */
export function artifactWorkOf(body: string): ArtifactWork {
  const parsed = artifactWork.safeParse(JSON.parse(body));
  if (!parsed.success) throw new DrError('UNKNOWN_EVENT', `replicate does not know the message ${body.slice(0, 200)}`);
  if (!('detail' in parsed.data)) return { key: parsed.data.key };
  return { key: parsed.data.detail.object.key, event: parsed.data['detail-type'] };
}

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
