import { describe, expect, it } from 'vitest';
import { everySetting, parseConfig } from '../../src/config.ts';
import { DrError } from '../../src/errors.ts';
import { exampleSettings, rawOf, settingAt, settingsIn } from '../setup/example.ts';

const example = exampleSettings();
const schema = everySetting().map(({ path, about }) => ({ name: path.join('.'), about }));

/** What holds when a file that says all else does not say this; undefined when nothing does, or it must be said. */
function defaultOf(name: string): unknown {
  try {
    return settingAt(parseConfig({}, rawOf(example.filter((each) => each.live && each.name !== name))), name);
  } catch (error) {
    if (error instanceof DrError && error.message.includes(name)) return undefined;
    throw error;
  }
}

describe('config/example.yml', () => {
  it('names every setting of the schema, live or commented out, once, and no other', () => {
    const names = (of: { name: string }[]) => of.map((each) => each.name).sort();
    expect(names(example)).toEqual(names(schema));
  });

  it.each(schema)('says of $name what the schema says', ({ name, about }) => {
    expect(about.description).toMatch(/\S/);
    expect(example.find((each) => each.name === name)?.comment).toContain(about.description);
  });

  it('gives the defaults of the schema', () => {
    const withDefault = example.filter(({ name }) => defaultOf(name) !== undefined);
    expect(withDefault.length).toBeGreaterThan(25);
    for (const { name, value } of withDefault) expect([name, value]).toEqual([name, defaultOf(name)]);
  });

  it('is read whole: a line that is neither a setting nor about one is an error', () => {
    expect(() => settingsIn('# head\n\ndr:\n  # Region is us-west-2\n')).toThrow('no setting');
    expect(settingsIn('# head\n\ndr: # site\n  # a: 1 # one,\n  #   and more\nb: x\n')).toEqual([
      { name: 'dr.a', value: 1, live: false, comment: 'one, and more' },
      { name: 'b', value: 'x', live: true, comment: '' },
    ]);
  });
});

describe('the schema', () => {
  it('says the unit of every number, and its name ends in it unless it counts things', () => {
    const ends: Record<string, RegExp> = {
      minutes: /Minutes$/,
      hours: /Hours$/,
      days: /Days$/,
      seconds: /Seconds$/,
      ms: /Ms$/,
      percent: /Percent$/,
      GiB: /Gib$/,
      'MiB/s': /Mibps$/,
    };
    const numbers = schema.filter(({ name }) => typeof example.find((each) => each.name === name)?.value === 'number');
    expect(numbers.length).toBeGreaterThan(20);
    for (const { name, about } of numbers) {
      expect([name, about.unit]).toEqual([name, expect.any(String)]);
      expect(name).toMatch(ends[about.unit ?? ''] ?? /./);
    }
  });
});
