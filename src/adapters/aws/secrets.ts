import { readFile } from 'node:fs/promises';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  GetRandomPasswordCommand,
  GetSecretValueCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import type { SSMClient } from '@aws-sdk/client-ssm';
import type { Secrets } from '../../core/ports/recovery.ts';
import { DrError, hasCode } from '../../errors.ts';
import { callsTo } from './errors.ts';
import { readParameter } from './ssm-parameter.ts';

export type SecretsOptions = { secretsManager: SecretsManagerClient; ssm: SSMClient };

const call = callsTo('dr');

/** RDS takes printable ASCII without /, ", @ and space. */
const PASSWORD = { PasswordLength: 40, ExcludePunctuation: true };

/** Passwords in Secrets Manager, and references into it, SSM or a file. Values never reach an error. */
export function awsSecrets({ secretsManager, ssm }: SecretsOptions): Secrets {
  const value = async (SecretId: string): Promise<string> => {
    const found = await call(`read the secret ${SecretId}`, SecretId, () =>
      secretsManager.send(new GetSecretValueCommand({ SecretId })),
    );
    return found.SecretString ?? '';
  };
  const readers: Record<string, (name: string) => Promise<string>> = {
    secretsmanager: value,
    ssm: (name) => readParameter(ssm, name),
    file: async (path) => (await readFile(path, 'utf8')).trimEnd(),
  };
  return {
    async ensure(name) {
      try {
        return await value(name);
      } catch (error) {
        if (!hasCode(error, 'NOT_FOUND')) throw error;
      }
      const made = await call('make a password', name, () =>
        secretsManager.send(new GetRandomPasswordCommand(PASSWORD)),
      );
      const secret = { Name: name, SecretString: made.RandomPassword, Description: 'master password, by builder-dr' };
      try {
        await call(`create the secret ${name}`, name, () => secretsManager.send(new CreateSecretCommand(secret)));
      } catch (error) {
        // Another run was faster, and its value counts.
        if (!hasCode(error, 'ALREADY_EXISTS')) throw error;
      }
      return value(name);
    },
    async remove(name) {
      const command = new DeleteSecretCommand({ SecretId: name, ForceDeleteWithoutRecovery: true });
      try {
        await call(`delete the secret ${name}`, name, () => secretsManager.send(command));
      } catch (error) {
        if (!hasCode(error, 'NOT_FOUND')) throw error;
      }
    },
    async resolve(reference) {
      const [kind = '', ...rest] = reference.split(':');
      try {
        const read = readers[kind];
        const found = read ? await read(rest.join(':')) : '';
        if (found !== '') return found;
      } catch (cause) {
        // The cause names the store's error, never a value.
        throw new DrError('SECRET_UNREADABLE', `cannot read ${reference}`, {
          subject: reference,
          cause,
          hint: 'Make this secret in the DR region, and let the function read it.',
        });
      }
      throw new DrError('SECRET_UNREADABLE', `${reference} is empty`, {
        subject: reference,
        hint: 'Fill it in the DR region.',
      });
    },
  };
}
