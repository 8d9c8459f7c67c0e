import type { TestProject } from 'vitest/node';
import { type SandboxAddress, startSandbox } from '../../sandbox/start.ts';

declare module 'vitest' {
  interface ProvidedContext {
    sandbox: SandboxAddress;
  }
}

/** One sandbox for the whole run; tests keep apart by the names of what they make. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const sandbox = await startSandbox();
  project.provide('sandbox', sandbox.address);
  return sandbox.stop;
}
