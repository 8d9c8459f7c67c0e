import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export type ExampleLine = { name: string; value: unknown; live: boolean; comment: string };

const file = join(import.meta.dirname, '..', '..', 'config', 'example.yml');

/** `region: us-west-2 # why`, live or commented out; a section has no value. */
const SETTING = /^(?<indent> {2})?(?<off># )?(?<name>[A-Za-z]\w*):(?: (?<value>[^#]*?))?(?: # (?<comment>.*))?$/;
/** More about the setting above. */
const MORE = /^ {2}# {3}(?<comment>\S.*)$/;

/** Every setting that the text names, live or commented out, with what is said of it. Throws at a line that is neither. */
export function settingsIn(text: string): ExampleLine[] {
  const [, ...lines] = text.split('\n\n').map((each) => each.split('\n'));
  const found: ExampleLine[] = [];
  let section = '';
  for (const line of lines.flat().filter((each) => each !== '')) {
    const more = MORE.exec(line)?.groups?.['comment'];
    const { indent, off, name = '', value, comment = '' } = SETTING.exec(line)?.groups ?? {};
    const last = found.at(-1);
    if (more && last) last.comment += ` ${more}`;
    else if (!name) throw new Error(`no setting, and nothing about one: ${line}`);
    else if (!value) section = name;
    else
      found.push({ name: indent ? `${section}.${name}` : name, value: parse(value), live: off === undefined, comment });
  }
  return found;
}

export const exampleSettings = (): ExampleLine[] => settingsIn(readFileSync(file, 'utf8'));

/** What a file with these settings says. */
export function rawOf(lines: { name: string; value: unknown }[]): Record<string, unknown> {
  const raw: Record<string, unknown> = {};
  for (const { name, value } of lines) {
    const [section = '', own] = name.split('.');
    raw[section] = own ? { ...(raw[section] as object | undefined), [own]: value } : value;
  }
  return raw;
}

/** What is said, or what holds, of a setting. */
export function settingAt(config: object, name: string): unknown {
  return name
    .split('.')
    .reduce<unknown>((within, key) => (within as Record<string, unknown> | undefined)?.[key], config);
}
