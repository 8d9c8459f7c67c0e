import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { handler } from '../../functions/capture.ts';
import { everySetting, parseConfig, SETTINGS_VARIABLE, variableOf } from '../../src/config.ts';
import { functionSettings, loadConfig } from '../../src/config-file.ts';
import { DrError } from '../../src/errors.ts';
import { exampleSettings, rawOf, settingAt } from '../setup/example.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hbdr-settings-'));
});
afterAll(() => rm(folder, { recursive: true }));

let count = 0;
const write = async (raw: object): Promise<string> => {
  count += 1;
  const file = join(folder, `${count}.yml`);
  await writeFile(file, stringify(raw));
  return file;
};
/** A variable's text for a value of a file. */
const textOf = (value: unknown) => String(value);

/** Two settings that exclude each other: a file says one of them. */
const exclusive = ['dr.existingBuckets', 'dr.vaultLockDays'];
/** A file that says all that the example names, also what is commented out there. */
const fileThatSays = (name: string) => {
  const left = exclusive.find((each) => each !== name);
  return rawOf(exampleSettings().filter((each) => each.name !== left));
};

const settings = everySetting().map((setting) => ({
  name: setting.path.join('.'),
  variable: variableOf(setting),
  kept: setting.about.keptFromFunctions,
}));

describe('a setting, whichever it is', () => {
  it.each(settings.filter((each) => !each.kept))(
    '$name reaches the functions as the file says it',
    async ({ name }) => {
      const file = await write(fileThatSays(name));
      const found = parseConfig({ [SETTINGS_VARIABLE]: functionSettings(file) });
      expect(settingAt(found, name)).toBeDefined();
      expect(settingAt(found, name)).toEqual(settingAt(loadConfig({}, file), name));
    },
  );

  it.each(settings.filter((each) => each.kept))('$name is for others, and takes no room there', async ({ name }) => {
    const file = await write(fileThatSays(name));
    expect(settingAt(loadConfig({}, file), name)).toBeDefined();
    expect(settingAt(JSON.parse(functionSettings(file)), name)).toBeUndefined();
  });

  it.each(settings)(
    '$name is overridden by $variable, for functions and for the command line',
    ({ name, variable }) => {
      const file = fileThatSays(name);
      const meant = settingAt(file, name);
      const wrong = rawOf([...exampleLines(file), { name, value: { no: 'setting is a map' } }]);
      const json = { [SETTINGS_VARIABLE]: JSON.stringify(wrong) };
      expect(() => parseConfig(json)).toThrow(name);
      const override = { [variable]: textOf(meant) };
      expect(settingAt(parseConfig({ ...json, ...override }), name)).toEqual(settingAt(parseConfig({}, file), name));
      expect(settingAt(parseConfig(override, wrong), name)).toEqual(settingAt(parseConfig({}, file), name));
    },
  );
});

/** A file's settings, one by one. */
function exampleLines(raw: object): { name: string; value: unknown }[] {
  return settings.flatMap(({ name }) => {
    const value = settingAt(raw, name);
    return value === undefined ? [] : [{ name, value }];
  });
}

function refusal(work: () => unknown): DrError {
  try {
    work();
  } catch (error) {
    if (error instanceof DrError) return error;
  }
  throw new Error('was accepted');
}

describe('BUILDER_DR_SETTINGS', () => {
  const example = rawOf(exampleSettings().filter((each) => each.live));

  it('gives way to the file that the command line was told to read', () => {
    const json = JSON.stringify({ ...example, stage: 'other' });
    expect(parseConfig({ [SETTINGS_VARIABLE]: json }, example).stage).toBe('prod');
  });

  it.each([
    ['no JSON at all', 'secret-value: {'],
    ['a list', '["secret-value"]'],
    ['a text', '"secret-value"'],
    ['nothing', 'null'],
  ])('that is %s is refused by name, and not printed', (_what, value) => {
    const error = refusal(() => parseConfig({ [SETTINGS_VARIABLE]: value }));
    expect(error).toMatchObject({ code: 'BAD_CONFIG', message: 'BUILDER_DR_SETTINGS is no JSON of settings' });
    expect([error.hint, error.stack, String(error.cause)].join()).not.toContain('secret-value');
  });

  it('with unknown names and wrong values is refused with each by name, and no value', () => {
    const wrong = { ...example, colour: 'secret-value', policy: { shade: 'secret-value', copyLimit: 'secret-value' } };
    const { code, message } = refusal(() => parseConfig({ [SETTINGS_VARIABLE]: JSON.stringify(wrong) }));
    expect(code).toBe('BAD_CONFIG');
    for (const says of ['3 bad settings, from BUILDER_DR_SETTINGS', 'colour', 'shade', 'policy.copyLimit']) {
      expect(message).toContain(says);
    }
    expect(message).not.toContain('secret-value');
  });

  it('that is broken fails a function before it does anything', async () => {
    process.env[SETTINGS_VARIABLE] = '{';
    const invoke = handler as unknown as (event: unknown, context: Context) => Promise<unknown>;
    const context = { functionName: 'test', awsRequestId: '1' } as Context;
    await expect(invoke({ kind: 'manual' }, context)).rejects.toMatchObject({ code: 'BAD_CONFIG' });
    delete process.env[SETTINGS_VARIABLE];
  });

  it('is refused before it is too long for Lambda, in bytes, with its size and what to shorten', async () => {
    const classes = (count: number) => Array.from({ length: count }, (_, n) => `db.r${n}.large`);
    const long = async (databaseRole: string) =>
      write({
        ...example,
        restore: { ...(example['restore'] as object), classes: classes(100) },
        builder: { ...(example['builder'] as object), databaseRole },
      });
    const room = 3584 - Buffer.byteLength(functionSettings(await long('')).replace('"databaseRole":""', ''));
    const fits = 'ü'.repeat(Math.floor((room - '"databaseRole":""'.length) / 2));
    expect(Buffer.byteLength(functionSettings(await long(fits)))).toBeGreaterThan(3582);
    const file = await long(`${fits}ü`);
    const { code, message } = refusal(() => functionSettings(file));
    expect(code).toBe('BAD_CONFIG');
    expect(message).toMatch(/BUILDER_DR_SETTINGS would be 358[56] bytes, and may be 3584/);
    expect(message).toMatch(/longest settings: restore\.classes \(\d+ bytes\), builder\.databaseRole \(\d+ bytes\), /);
    expect(message).not.toContain('ü');
  });
});
