import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { bundleSizes } from '../setup/bundle-sizes.ts';

const root = join(import.meta.dirname, '..', '..');
const names = readdirSync(join(root, 'functions')).flatMap((name) =>
  name.endsWith('.ts') ? [name.replace('.ts', '')] : [],
);

describe('the bundles', () => {
  beforeAll(() => execFileSync(process.execPath, [join(root, 'bundle.mjs')]));

  it.each(names)('%s loads by require and exports its handler, as Lambda and `invoke local` want it', (name) => {
    const program = `process.stdout.write(typeof require('./dist/functions/${name}').handler)`;
    expect(execFileSync(process.execPath, ['-e', program], { cwd: root }).toString()).toBe('function');
  });

  it.each(names)('%s is no larger than a cold start can bear, and the documentation says how large', async (name) => {
    const [mine] = (await bundleSizes()).filter((each) => each.name === name);
    const alone = mine?.clients.length === 1;
    expect(mine?.bytes).toBeLessThanOrEqual(alone ? 500_000 : 900_000);
    const table = readFileSync(join(root, 'docs', 'bundles.md'), 'utf8');
    const told = Number(new RegExp(`\\| ${name} +\\| +(\\d+)`).exec(table)?.[1]);
    expect(Math.abs(told * 1000 - (mine?.bytes ?? 0))).toBeLessThan(20_000);
  });

  it('the built command line starts, also from another folder', () => {
    const usage = execFileSync(process.execPath, [join(root, 'dist', 'cli.js'), '--help'], { cwd: '/' }).toString();
    expect(usage).toContain('Disaster recovery for Chef Habitat On-Prem Builder');
  });

  it('names every function of the stack, with its own file and its own role', () => {
    const stack = readFileSync(join(root, 'serverless.yml'), 'utf8');
    for (const name of names) {
      expect(stack).toContain(`handler: dist/functions/${name}.handler`);
      expect(stack).toContain(`patterns: [dist/functions/${name}.js]`);
    }
  });
});
