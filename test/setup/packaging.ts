import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

export type Resource = {
  Type: string;
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
  Properties?: Record<string, unknown>;
};
export type Package = {
  resources: Record<string, Resource>;
  outputs: Record<string, { Value: unknown }>;
  /** The template as it is deployed, the folder of this very packaging left out. */
  template: string;
  /** The tags of the stack itself. */
  tags: Record<string, string>;
  /** SHA-256 of each zip. */
  zips: Record<string, string>;
};

const parts = ['serverless.yml', 'serverless.primary.yml', 'bundle.mjs', 'infra', 'config', 'dist', 'node_modules'];

/** The framework keeps notes in the folder that it works in: several packagings at once each need one of their own. */
function workFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hbdr-package-'));
  mkdirSync(join(root, 'dist'), { recursive: true });
  for (const part of parts) symlinkSync(join(root, part), join(folder, part));
  return folder;
}

/** What `serverless deploy` would send for a stack: its template and zips. Asks nobody; throws what the framework says. */
export function packageStack(configFile = 'serverless.yml', stage = 'sandbox'): Package {
  const work = workFolder();
  const folder = join(work, 'package');
  try {
    const { AWS_ENDPOINT_URL: _endpoint, ...env } = process.env;
    const args = ['package', '--stage', stage, '--config', configFile, '--package', folder];
    const command = join(root, 'node_modules', '.bin', 'serverless');
    const { status, signal, stdout, stderr } = spawnSync(command, args, {
      cwd: work,
      env: { ...env, AWS_EC2_METADATA_DISABLED: 'true' },
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`serverless ${args.join(' ')} failed (${status ?? signal}): ${stdout}${stderr}`);
    const text = readFileSync(join(folder, 'cloudformation-template-update-stack.json'), 'utf8');
    const { Resources, Outputs = {} } = JSON.parse(text);
    const { service } = JSON.parse(readFileSync(join(folder, 'serverless-state.json'), 'utf8'));
    const zips = readdirSync(folder).filter((name) => name.endsWith('.zip'));
    const hash = (name: string) =>
      createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex');
    return {
      resources: Resources,
      outputs: Outputs,
      tags: service.provider.stackTags,
      // The framework names the folder of the artifacts by the time of the packaging.
      template: text.replaceAll(/serverless\/[^"]*?\/(?=[A-Za-z]+\.zip)/g, 'artifacts/'),
      zips: Object.fromEntries(zips.map((name) => [name, hash(name)])),
    };
  } finally {
    rmSync(work, { recursive: true });
  }
}
