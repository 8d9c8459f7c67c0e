import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Point } from '../../src/core/points/documents.ts';
import type { SandboxAddress } from '../start.ts';
import { HANG_SECONDS } from '../until.ts';

const run = promisify(execFile);
const here = join(import.meta.dirname, '..', '..');

/** What a person types: the framework's command and the CLI, with the sandbox's credentials. */
export class Operator {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #root: string;

  /** `root`: the checkout to work in, this one by default. */
  constructor(address: SandboxAddress, root = here) {
    this.#root = root;
    const { AWS_PROFILE: _profile, AWS_SESSION_TOKEN: _token, ...inherited } = process.env;
    this.#environment = {
      ...inherited,
      AWS_ENDPOINT_URL: address.endpoint,
      AWS_ACCESS_KEY_ID: address.accessKeyId,
      AWS_SECRET_ACCESS_KEY: address.secretAccessKey,
      AWS_EC2_METADATA_DISABLED: 'true',
      PATH: `${join(process.execPath, '..')}:${join(here, 'node_modules', '.bin')}:${process.env['PATH']}`,
    };
  }

  async serverless(...args: string[]): Promise<string> {
    return this.serverlessFor('sandbox', ...args);
  }

  /** The same for another stage. */
  async serverlessFor(stage: string, ...args: string[]): Promise<string> {
    // The framework keeps what it packaged last; a stack of another sandbox must not be compared with it.
    rmSync(join(this.#root, '.serverless'), { recursive: true, force: true });
    const command = join(here, 'node_modules', '.bin', 'serverless');
    try {
      const { stdout } = await run(command, [...args, '--stage', stage], {
        cwd: this.#root,
        env: this.#environment,
        timeout: HANG_SECONDS * 1000,
      });
      return stdout;
    } catch (error) {
      const { stdout, stderr } = error as { stdout?: string; stderr?: string };
      throw new Error(`serverless ${args.join(' ')} failed: ${stdout ?? ''}${stderr ?? ''}`, { cause: error });
    }
  }

  /** One CLI command with `--json`; exit code 1 (something is wrong) is an answer too. */
  async cli(...args: string[]): Promise<unknown> {
    const all = [join(here, 'dist', 'cli.js'), ...args, '--json', '--config', join(here, 'config', 'sandbox.yml')];
    try {
      return JSON.parse((await run(process.execPath, all, { env: this.#environment, maxBuffer: 1 << 26 })).stdout);
    } catch (error) {
      const { code, stdout } = error as { code?: number; stdout?: string };
      if (code === 1 && stdout) return JSON.parse(stdout);
      throw error;
    }
  }

  async points(): Promise<Point[]> {
    return ((await this.cli('points')) as { points: Point[] }).points;
  }
}
