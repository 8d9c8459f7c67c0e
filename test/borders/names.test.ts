import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..', 'src');
const declared = /^(?:export )?(?:type|interface|class) (\w+)|^export (?:async )?function\*? (\w+)/gm;

/** Names of types and of exported functions that more than one file declares. */
function doubled(files: { file: string; text: string }[]): string[] {
  const places = new Map<string, string[]>();
  for (const { file, text } of files) {
    for (const [, type, works] of text.matchAll(declared)) {
      const name = type ?? works ?? '';
      places.set(name, [...(places.get(name) ?? []), file]);
    }
  }
  return [...places].flatMap(([name, where]) => (where.length > 1 ? [`${name}: ${where.join(', ')}`] : []));
}

it('no two types and no two exported functions of the product have one name', () => {
  const files = globSync('**/*.ts', { cwd: root });
  expect(files.length).toBeGreaterThan(100);
  expect(doubled(files.map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') })))).toEqual([]);
});

it('a name that is declared twice is found', () => {
  const files = [
    { file: 'a.ts', text: 'export type Point = 1;\n' },
    { file: 'b.ts', text: 'type Point = 2;\nexport async function start() {}\n' },
    { file: 'c.ts', text: 'export function start() {}\nfunction own() {}\n' },
    { file: 'd.ts', text: 'function own() {}\n' },
  ];
  expect(doubled(files)).toEqual(['Point: a.ts, b.ts', 'start: b.ts, c.ts']);
});
