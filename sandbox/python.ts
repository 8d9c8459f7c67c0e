import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DrError } from '../src/errors.ts';

const root = join(import.meta.dirname, '..');
const venv = join(root, '.venv');
const marker = join(venv, '.sandbox-requirements');
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

/** The interpreter of a virtual environment with the pinned requirements; makes it at first use. */
export function sandboxPython(): string {
  const python = join(venv, 'bin', 'python');
  const wanted = readFileSync(requirements, 'utf8');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return python;
  try {
    if (!existsSync(python)) execFileSync(findPython(), ['-m', 'venv', venv], { stdio: 'pipe' });
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements], {
      stdio: 'pipe',
    });
  } catch (cause) {
    if (cause instanceof DrError) throw cause;
    throw new DrError('SANDBOX_UNAVAILABLE', 'cannot install the sandbox packages into .venv', {
      cause,
      hint: 'Check that pip reaches a package index, remove .venv and try again.',
    });
  }
  writeFileSync(marker, wanted);
  return python;
}
