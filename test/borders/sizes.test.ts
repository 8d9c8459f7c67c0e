import { globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileSizes, functionSizes } from '../setup/sizes.ts';

const root = join(import.meta.dirname, '..', '..');
const product = ['src/**/*.ts', 'functions/**/*.ts', 'sandbox/**/*.ts', 'infra/**/*.cjs', 'bundle.mjs'];
const FUNCTION_LINES = 60;

/** CONTRIBUTING says the same numbers. */
const fileLimits: { what: string; files: string[]; lines: number }[] = [
  { what: 'a file of the product or the sandbox', files: product, lines: 250 },
  { what: 'a handler', files: ['functions/*.ts'], lines: 40 },
  { what: 'a test file', files: ['test/**/*.ts'], lines: 300 },
];

const longFunctions = (cwd: string) =>
  functionSizes(cwd, globSync(product, { cwd })).filter((each) => each.lines > FUNCTION_LINES);
const longFiles = (cwd: string, { files, lines }: { files: string[]; lines: number }) =>
  fileSizes(cwd, globSync(files, { cwd })).filter((each) => each.lines > lines);

describe('in this project', () => {
  it(`no function is longer than ${FUNCTION_LINES} lines`, () => {
    expect(longFunctions(root)).toEqual([]);
  });

  it.each(fileLimits)('$what has at most $lines lines', (limit) => {
    expect(longFiles(root, limit)).toEqual([]);
  });
});

describe('what is too long is found, and what is just short enough is not', () => {
  let folder: string;
  const plant = (file: string, text: string) => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'hbdr-long-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['a function', (body: string) => `export function f() {\n${body}}\n`],
    ['an arrow function', (body: string) => `export const f = () => {\n${body}};\n`],
    ['a method', (body: string) => `export const o = {\n  f() {\n${body}  },\n};\n`],
  ])('%s', (_what, withBody) => {
    const body = (count: number) => `${'  // said\n'.repeat(count - 5)}  let n = 0;\n  n += 1;\n  n += 1;\n`;
    plant('src/x.ts', withBody(body(FUNCTION_LINES)));
    expect(longFunctions(folder)).toEqual([]);
    plant('src/x.ts', withBody(body(FUNCTION_LINES + 1)));
    expect(longFunctions(folder).map((each) => each.lines)).toContain(FUNCTION_LINES + 1);
    rmSync(join(folder, 'src/x.ts'));
  });

  it.each(fileLimits)('$what', (limit) => {
    const file = (limit.files[0] ?? '').replace('**', 'deep').replace('*', 'x');
    plant(file, 'x;\n'.repeat(limit.lines));
    expect(longFiles(folder, limit)).toEqual([]);
    plant(file, 'x;\n'.repeat(limit.lines + 1));
    expect(longFiles(folder, limit)).toEqual([{ where: file, lines: limit.lines + 1 }]);
    rmSync(join(folder, file));
  });
});
