import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { bundleSizes } from '../setup/bundle-sizes.ts';

const root = join(import.meta.dirname, '..', '..');
const names = readdirSync(join(root, 'functions')).flatMap((name) =>
  name.endsWith('.ts') ? [name.replace('.ts', '')] : [],
);

type Given = { options: { stage: string } };
type FunctionOfStack = { handler: string; role: string; package: { patterns: string[] } };
const table = createRequire(import.meta.url)('../../infra/functions.cjs') as {
  names: string[];
  functions: (given: Given) => Promise<Record<string, FunctionOfStack>>;
};

describe('the bundles', () => {
  beforeAll(() => execFileSync(process.execPath, [join(root, 'bundle.mjs')]));

  it.each(names)('%s loads by require and exports its handler, as Lambda and `invoke local` want it', (name) => {
    const program = `process.stdout.write(typeof require('./dist/functions/${name}').handler)`;
    expect(execFileSync(process.execPath, ['-e', program], { cwd: root }).toString()).toBe('function');
  });

  it.each(names)('%s is no larger than a cold start can bear, and the documentation says how large', async (name) => {
    const [mine] = (await bundleSizes()).filter((each) => each.name === name);
    const alone = mine?.clients.length === 1;
    expect(mine?.bytes).toBeLessThanOrEqual(alone ? 480_000 : 850_000);
    const table = readFileSync(join(root, 'docs', 'bundles.md'), 'utf8');
    const told = Number(new RegExp(`\\| ${name} +\\| +(\\d+)`).exec(table)?.[1]);
    expect(Math.abs(told * 1000 - (mine?.bytes ?? 0))).toBeLessThan(20_000);
  });

  it('the built command line starts, also from another folder', () => {
    const usage = execFileSync(process.execPath, [join(root, 'dist', 'cli.js'), '--help'], { cwd: '/' }).toString();
    expect(usage).toContain('Disaster recovery for Chef Habitat On-Prem Builder');
  });

  it('names every function of the stack, with its own file and its own role', async () => {
    const stack = Object.values(await table.functions({ options: { stage: 'sandbox' } }));
    for (const name of names) {
      const [mine] = stack.filter((each) => each.handler === `dist/functions/${name}.handler`);
      expect(mine?.package).toEqual({ patterns: [`dist/functions/${name}.js`] });
      expect(stack.filter((each) => each.role === mine?.role)).toEqual([mine]);
    }
    expect(stack).toHaveLength(names.length);
  });

  it('have a row in the table and a file of rights each, and neither is of no function', () => {
    const rights = readdirSync(join(root, 'infra', 'rights')).map((file) => file.replace('.yml', ''));
    expect([[...table.names].sort(), rights.sort()]).toEqual([names.sort(), names.sort()]);
  });
});
