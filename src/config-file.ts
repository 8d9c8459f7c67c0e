import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { type Config, type Environment, everySetting, parseConfig, type Raw, SETTINGS_VARIABLE } from './config.ts';
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

/** Lambda takes 4,096 bytes of variables for a function; what is left is for overriding a few settings by hand. */
const SETTINGS_LIMIT_BYTES = 3_584;

const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value));

/**
 * What functions get of a file that `loadConfig` takes: the settings that they read, as the file says them, in JSON.
 * Throws BAD_CONFIG when that is more than a function can carry, with its size and what is longest.
 */
export function functionSettings(file: string): string {
  const raw = readFile(file);
  const said: Record<string, unknown> = {};
  const sizes: { name: string; bytes: number }[] = [];
  for (const { path, about } of everySetting()) {
    const [section, name] = path;
    const value = name ? (raw[section] as Record<string, unknown> | undefined)?.[name] : raw[section];
    if (about.keptFromFunctions || value === undefined) continue;
    said[section] = name ? { ...(said[section] as object | undefined), [name]: value } : value;
    sizes.push({ name: path.join('.'), bytes: bytesOf(value) });
  }
  const bytes = bytesOf(said);
  if (bytes <= SETTINGS_LIMIT_BYTES) return JSON.stringify(said);
  const longest = sizes.sort((a, b) => b.bytes - a.bytes).slice(0, 3);
  const shorten = longest.map((each) => `${each.name} (${each.bytes} bytes)`).join(', ');
  throw new DrError(
    'BAD_CONFIG',
    `${SETTINGS_VARIABLE} would be ${bytes} bytes, and may be ${SETTINGS_LIMIT_BYTES}, for Lambda takes 4096 of all variables; the longest settings: ${shorten}`,
    { hint: 'Shorten the longest ones, or leave out what says the same as its default.' },
  );
}
