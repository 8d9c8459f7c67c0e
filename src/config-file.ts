import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { type Config, type Environment, parseConfig, type Raw } from './config.ts';
import { DrError } from './errors.ts';

function readFile(path: string): Raw {
  try {
    return (parse(readFileSync(path, 'utf8')) ?? {}) as Raw;
  } catch (cause) {
    throw new DrError('BAD_CONFIG', `cannot read the configuration ${path}: ${(cause as Error).message}`, {
      cause,
      hint: 'Name the file with --config, or in BUILDER_DR_CONFIG; config/example.yml is a commented example.',
    });
  }
}

/** The configuration of a file, and of the environment, which wins. Throws BAD_CONFIG, as `parseConfig` does. */
export function loadConfig(environment: Environment, file: string): Config {
  return parseConfig(environment, readFile(file));
}
