import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { type Config, type Environment, parseConfig, type Raw } from './config.ts';
import { DrError } from './errors.ts';

const copyExample = 'Copy config/example.yml, and change every value marked CHANGE.';

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT'
        ? `${path} is not there; name one with --config, or in BUILDER_DR_CONFIG`
        : `${path} cannot be read: ${message}`;
    // Without the cause, whose message would be told as well.
    throw new DrError('BAD_CONFIG', `no configuration: ${why}`, { hint: copyExample });
  }
}

function readFile(path: string): Raw {
  const text = readText(path);
  try {
    const found: unknown = parse(text) ?? {};
    if (typeof found === 'object' && !Array.isArray(found)) return found as Raw;
  } catch (cause) {
    const [first] = (cause as Error).message.split(':\n');
    throw new DrError('BAD_CONFIG', `${path} is no YAML: ${first}`, { hint: copyExample });
  }
  throw new DrError('BAD_CONFIG', `${path} is no configuration: it holds no settings by name`, { hint: copyExample });
}

/** The configuration of a file, and of the environment, which wins. Throws BAD_CONFIG, as `parseConfig` does. */
export function loadConfig(environment: Environment, file: string): Config {
  return parseConfig(environment, readFile(file));
}
