import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');
let copy: string;

const used = (line: string) => `${line}\nexport const kept = used;\n`;
const imported = (from: string) => used(`import { used } from '${from}';`);

/** Every border, with a file that breaks it and words of the message that must appear. */
const violations: { border: string; file: string; text: string; says: string }[] = [
  {
    border: 'core and SDKs',
    file: 'src/core/x.ts',
    text: imported('@aws-sdk/client-s3'),
    says: 'src/core imports no SDK',
  },
  { border: 'core and node', file: 'src/core/x.ts', text: imported('node:fs'), says: 'src/core does no I/O' },
  {
    border: 'core and node subpaths',
    file: 'src/core/x.ts',
    text: imported('node:fs/promises'),
    says: 'src/core does no I/O',
  },
  {
    border: 'core and jobs',
    file: 'src/core/x.ts',
    text: imported('../jobs/points/capture.ts'),
    says: 'src/core imports nothing that acts',
  },
  {
    border: 'core and the clock',
    file: 'src/core/x.ts',
    text: 'export const at = () => Date.now();\n',
    says: 'src/core and src/jobs have no clock',
  },
  {
    border: 'core and new Date()',
    file: 'src/core/x.ts',
    text: 'export const at = () => new Date();\n',
    says: 'src/core and src/jobs have no clock',
  },
  {
    border: 'core and randomness',
    file: 'src/core/x.ts',
    text: 'export const n = () => Math.random();\n',
    says: 'src/core and src/jobs have no randomness',
  },
  {
    border: 'core and the environment',
    file: 'src/core/x.ts',
    text: "export const e = () => process.env['A'];\n",
    says: 'Only src/config.ts reads the environment',
  },
  {
    border: 'hart and files',
    file: 'src/hart/x.ts',
    text: imported('node:fs/promises'),
    says: 'src/hart opens no file or socket',
  },
  {
    border: 'hart and sockets',
    file: 'src/hart/x.ts',
    text: imported('node:net'),
    says: 'src/hart opens no file or socket',
  },
  {
    border: 'hart and SDKs',
    file: 'src/hart/x.ts',
    text: imported('@aws-sdk/client-s3'),
    says: 'src/hart imports no SDK',
  },
  {
    border: 'jobs and adapters',
    file: 'src/jobs/x.ts',
    text: imported('../adapters/aws/s3-vault.ts'),
    says: 'src/jobs never import an adapter',
  },
  {
    border: 'jobs and SDKs',
    file: 'src/jobs/x.ts',
    text: imported('@aws-sdk/client-s3'),
    says: 'src/jobs import no SDK',
  },
  {
    border: 'jobs and the environment',
    file: 'src/jobs/x.ts',
    text: "export const e = () => process.env['A'];\n",
    says: 'Only src/config.ts reads the environment',
  },
  {
    border: 'jobs and randomness',
    file: 'src/jobs/x.ts',
    text: imported('node:crypto'),
    says: 'src/jobs have no randomness of their own',
  },
  {
    border: 'jobs and the clock',
    file: 'src/jobs/recovery/x.ts',
    text: 'export const at = () => new Date();\n',
    says: 'src/core and src/jobs have no clock',
  },
  {
    border: 'cost and node',
    file: 'src/cost/x.ts',
    text: imported('node:fs'),
    says: 'src/core does no I/O',
  },
  {
    border: 'the folders of core and jobs',
    file: 'src/core/recovery/x.ts',
    text: imported('../../jobs/points/capture.ts'),
    says: 'src/core imports nothing that acts',
  },
  {
    border: 'the folders of jobs and adapters',
    file: 'src/jobs/points/x.ts',
    text: imported('../../adapters/aws/s3-vault.ts'),
    says: 'src/jobs never import an adapter',
  },
  {
    border: 'the folders of adapters and jobs',
    file: 'src/adapters/files/x.ts',
    text: imported('../../jobs/points/capture.ts'),
    says: 'src/adapters never import a job',
  },
  {
    border: 'jobs and wiring',
    file: 'src/jobs/points/x.ts',
    text: imported('../../wire/aws.ts'),
    says: 'src/jobs never import an adapter',
  },
  {
    border: 'wiring and the sandbox',
    file: 'src/wire/x.ts',
    text: imported('../../sandbox/start.ts'),
    says: 'imports nothing of the sandbox',
  },
  {
    border: 'adapters and jobs',
    file: 'src/adapters/x.ts',
    text: imported('../jobs/points/capture.ts'),
    says: 'src/adapters never import a job',
  },
  {
    border: 'adapters and clients',
    file: 'src/adapters/x.ts',
    text: "import { S3Client } from '@aws-sdk/client-s3';\nexport const c = () => new S3Client({});\n",
    says: 'Only src/wire construct clients',
  },
  {
    border: 'functions and SDKs',
    file: 'functions/x.ts',
    text: imported('@aws-sdk/client-s3'),
    says: 'functions/ import no SDK',
  },
  {
    border: 'functions and adapters',
    file: 'functions/x.ts',
    text: imported('../src/adapters/aws/s3-vault.ts'),
    says: 'functions/ import no adapter',
  },
  {
    border: 'middy in src',
    file: 'src/jobs/x.ts',
    text: imported('@middy/core'),
    says: 'Only functions/ know event shapes and middy',
  },
  {
    border: 'sandbox in the product',
    file: 'src/cli/x.ts',
    text: imported('../../sandbox/start.ts'),
    says: 'imports nothing of the sandbox',
  },
  {
    border: 'a floating promise',
    file: 'src/jobs/x.ts',
    text: 'async function late(): Promise<void> {}\nexport function go(): void {\n  late();\n}\n',
    says: 'noFloatingPromises',
  },
  {
    border: 'a stray console',
    file: 'src/jobs/x.ts',
    text: "export const go = () => console.log('x');\n",
    says: 'noConsole',
  },
];

async function lint(files: { file: string; text: string }[]): Promise<string> {
  for (const { file, text } of files) {
    await mkdir(dirname(join(copy, file)), { recursive: true });
    await writeFile(join(copy, file), text);
  }
  const args = ['lint', '--max-diagnostics=none', ...files.map((each) => each.file)];
  const done = await run(join(root, 'node_modules', '.bin', 'biome'), args, { cwd: copy }).catch((error) => error);
  for (const { file } of files) await rm(join(copy, file));
  return `${done.stdout}${done.stderr}`;
}

describe('the borders between the folders', () => {
  beforeAll(async () => {
    copy = await mkdtemp(join(tmpdir(), 'hbdr-borders-'));
    for (const name of ['biome.json', 'lint', 'tsconfig.json', 'package.json', 'src', 'functions']) {
      await cp(join(root, name), join(copy, name), { recursive: true });
    }
    await writeFile(join(copy, '.gitignore'), 'dist\n');
    await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  });
  afterAll(() => rm(copy, { recursive: true, force: true }));

  it.each(violations)('lint refuses $border, and says what to do', async ({ file, text, says }) => {
    expect((await lint([{ file, text }])).replace(/\s+/g, ' ')).toContain(says);
  });

  it('lint refuses an import cycle', async () => {
    const cycle = (other: string) =>
      `import { used } from './${other}.ts';\nexport const kept = () => used;\nexport { kept as used };\n`;
    const report = await lint([
      { file: 'src/jobs/x.ts', text: cycle('y') },
      { file: 'src/jobs/y.ts', text: cycle('x') },
    ]);
    expect(report).toContain('noImportCycles');
  });

  it('lint refuses an import cycle that goes through types only', async () => {
    const cycle = (other: string, name: string) =>
      `import type { Kept as Other } from './${other}.ts';\nexport type Kept = { ${name}: Other | undefined };\n`;
    const report = await lint([
      { file: 'src/core/points/x.ts', text: cycle('y', 'a') },
      { file: 'src/core/points/y.ts', text: cycle('x', 'b') },
    ]);
    expect(report).toContain('noImportCycles');
  });

  it('lint has nothing against a file that keeps the borders', async () => {
    const text = 'export function later(now: Date): Date {\n  return new Date(now.getTime() + 1000);\n}\n';
    const report = await lint([{ file: 'src/core/x.ts', text }]);
    expect(report).toContain('Checked 1 file');
    expect(report).not.toContain('×');
  });
});
