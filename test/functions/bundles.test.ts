import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

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
