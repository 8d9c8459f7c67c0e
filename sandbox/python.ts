import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DrError } from '../src/errors.ts';

const root = join(import.meta.dirname, '..');
const venv = join(root, '.venv');
const MARKER = '.sandbox-requirements';
const requirements = join(root, 'sandbox', 'requirements.txt');

function findPython(): string {
  const names = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python'];
  const probe = 'import sys, venv, ensurepip; sys.exit(0 if sys.version_info >= (3, 10) else 3)';
  const found = names.find((name) => spawnSync(name, ['-c', probe]).status === 0);
  if (found) return found;
  throw new DrError('SANDBOX_UNAVAILABLE', `no Python 3.10+ with venv among ${names.join(', ')}`, {
    hint: 'Install Python 3.10 or later with its venv module (Debian: apt-get install python3-venv).',
  });
}

const isReady = (wanted: string): boolean =>
  existsSync(join(venv, MARKER)) && readFileSync(join(venv, MARKER), 'utf8') === wanted;

/** Several sandboxes may start at once in a fresh checkout: each makes one apart, and the first one's is taken. */
function makeVenv(wanted: string): void {
  const mine = `${venv}-${process.pid}`;
  try {
    execFileSync(findPython(), ['-m', 'venv', mine], { stdio: 'pipe' });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements];
    execFileSync(join(mine, 'bin', 'python'), pip, { stdio: 'pipe' });
    writeFileSync(join(mine, MARKER), wanted);
    if (isReady(wanted)) return;
    rmSync(venv, { recursive: true, force: true });
    renameSync(mine, venv);
  } catch (error) {
    if (!isReady(wanted)) throw error;
  } finally {
    rmSync(mine, { recursive: true, force: true });
  }
}

/** The interpreter of a virtual environment with the pinned requirements; makes it at first use. */
export function sandboxPython(): string {
  const wanted = readFileSync(requirements, 'utf8');
  try {
    if (!isReady(wanted)) makeVenv(wanted);
  } catch (cause) {
    if (cause instanceof DrError) throw cause;
    throw new DrError('SANDBOX_UNAVAILABLE', 'cannot install the sandbox packages into .venv', {
      cause,
      hint: 'Check that pip reaches a package index, remove .venv and try again.',
    });
  }
  return join(venv, 'bin', 'python');
}
