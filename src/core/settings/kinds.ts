import * as z from 'zod';

/**
 * What a schema says of its setting, beside kind and default. `unit`: of a number. `keptFromFunctions`: read by the
 * stacks or by the command line alone. `neededByStacks`: nothing is deployed without it.
 */
export type About = { description: string; unit?: string; keptFromFunctions?: true; neededByStacks?: true };

/** For `meta`: a setting of the stacks alone. */
export const forStacks = (description: string) => ({ description, keptFromFunctions: true }) satisfies About;
export const neededByStacks = (description: string) =>
  ({ description, keptFromFunctions: true, neededByStacks: true }) satisfies About;

export const text = z.string().min(1);
export const kmsKeyArn = z
  .string()
  .regex(/^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/, 'must be the ARN of a KMS key, not of an alias');
export const region = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be a region such as us-west-2');
export const bucket = z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be a bucket name');
export const accountId = z.string().regex(/^\d{12}$/, 'must be an account id of 12 digits, in quotes');
/** A YAML flag, or the text of an environment variable. */
export const flag = z.union([z.boolean(), z.stringbool()]);
/** A YAML list, or the text of an environment variable: a, b. */
export const list = (item: z.ZodType<string>) =>
  z.preprocess(
    (value) => (typeof value === 'string' ? value.split(',').map((each) => each.trim()) : value),
    z.array(item).min(1),
  );
export const instanceClass = z
  .string()
  .regex(/^db\.[a-z0-9]+\.[a-z0-9]+$/, 'must be an instance class such as db.t4g.medium');
/** Where a whole URL lies that is a secret. */
export const parameter = z
  .string()
  .regex(/^ssm:\/.+/, 'must name an SSM parameter of type SecureString (ssm:/NAME), never the URL itself');
/** Where a secret lies. */
export const reference = z
  .string()
  .regex(
    /^(secretsmanager|ssm|file):.+/,
    'must be a reference (secretsmanager:NAME, ssm:NAME or file:PATH), never the secret',
  );

const lasting = (unit: string) => (preset: number) => z.coerce.number().positive().default(preset).meta({ unit });
export const minutes = lasting('minutes');
export const hours = lasting('hours');
export const days = lasting('days');
export const whole = z.coerce.number().int().positive();
export const milliseconds = (preset: number) => whole.default(preset).meta({ unit: 'ms' });
export const percent = (preset: number) => z.coerce.number().min(1).max(100).default(preset).meta({ unit: 'percent' });
