import { GetParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { DrError } from '../../errors.ts';
import { callsTo } from './errors.ts';

const call = callsTo('dr');

/** The value of a parameter, decrypted. */
export async function readParameter(ssm: SSMClient, Name: string): Promise<string> {
  const command = new GetParameterCommand({ Name, WithDecryption: true });
  return (await call(`read the parameter ${Name}`, Name, () => ssm.send(command))).Parameter?.Value ?? '';
}

/** The URL behind `ssm:NAME`. SECRET_UNREADABLE names the reference; the URL is a secret and never in an error. */
export async function readUrl(ssm: SSMClient, reference: string): Promise<URL> {
  const hint = `Put the URL there: aws ssm put-parameter --type SecureString --name ${reference.slice(4)} --value <url>`;
  let value: string;
  try {
    value = await readParameter(ssm, reference.replace(/^ssm:/, ''));
  } catch (cause) {
    throw new DrError('SECRET_UNREADABLE', `cannot read ${reference}`, { subject: reference, cause, hint });
  }
  const url = URL.canParse(value.trim()) ? new URL(value.trim()) : undefined;
  const local = url?.protocol === 'http:' && url.hostname === '127.0.0.1';
  if (url && (url.protocol === 'https:' || local)) return url;
  throw new DrError('SECRET_UNREADABLE', `${reference} holds no https URL`, { subject: reference, hint });
}
