import * as z from 'zod';
import { forStacks, list, milliseconds, neededByStacks, parameter, whole } from './kinds.ts';

/** Who hears. */
export const messagesSection = z.strictObject({
  emails: list(z.email())
    .optional()
    .meta(forStacks('subscribed to the topics of both regions; each address must click its link once')),
  slackWebhook: parameter.optional().describe('an incoming webhook of Slack'),
  deadManUrl: parameter
    .optional()
    .describe('called after every assessment; a monitor outside of AWS rings when it is silent'),
});

/** How long a call waits: a lost region hangs. */
export const networkSection = z.strictObject({
  connectTimeoutMs: milliseconds(2_000).describe('no call waits longer for a connection'),
  requestTimeoutMs: milliseconds(8_000).describe('no call waits longer for an answer'),
});

/** How long silence may last. */
export const alarmsSection = z.strictObject({
  periodSeconds: whole.meta({
    ...neededByStacks('twice the readiness schedule: two silent periods ring, in both regions'),
    unit: 'seconds',
  }),
});

const schedule = (description: string) => z.string().optional().meta(neededByStacks(description));

/** How often each job runs: EventBridge Scheduler expressions, in UTC. */
export const schedulesSection = z.strictObject({
  capture: schedule('as often as policy.captureIntervalMinutes'),
  advance: schedule('moves points, drills and failovers on; events make it sooner'),
  reconcile: schedule('compares the buckets'),
  readiness: schedule('assesses readiness and tells'),
  drill: schedule('rehearses a restore, more often than policy.drillIntervalDays'),
  prune: z
    .string()
    .default('rate(60 minutes)')
    .meta(forStacks('removes what `retention` does not keep; nothing without that section')),
});

/** What an organization asks of everything that a stack makes. */
export const stacksSection = z.strictObject({
  permissionsBoundary: z
    .string()
    .regex(/^arn:[a-z-]+:iam::(\d{12}|aws):policy\/.+$/, 'must be the ARN of an IAM policy')
    .optional()
    .meta(forStacks('the policy that bounds every role of both stacks: its ARN')),
  rolePath: z
    .string()
    .regex(/^\/([!-~]+\/)?$/, 'must begin and end with a slash, as /builder/')
    .optional()
    .meta(forStacks('the path of every role, before the first deployment: a role cannot move')),
  tags: list(z.string().regex(/^[^=,]{1,128}=[^=,]{0,256}$/, 'must be NAME=VALUE'))
    .optional()
    .meta(forStacks('on both stacks, and by CloudFormation on all in them that takes tags')),
});
