import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { RecordedCall } from './gateway/call.ts';
import type { Darkness, FaultRule } from './gateway/faults.ts';
import type { StoreManners } from './gateway/server.ts';
import type { RdsSettings } from './rds/model.ts';

export type SandboxAddress = {
  endpoint: string;
  account: string;
  folder: string;
  accessKeyId: string;
  secretAccessKey: string;
};

/** Tells a running sandbox what to do, over its control routes. */
class SandboxControl {
  readonly address: SandboxAddress;
  constructor(address: SandboxAddress) {
    this.address = address;
  }
  async #post(path: string, body: unknown = {}): Promise<unknown> {
    const url = `${this.address.endpoint}/_sandbox/${path}`;
    const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`sandbox ${path} answered ${response.status}: ${await response.text()}`);
    return response.json();
  }
  /** Of the writes after a change of a bucket's policy: true for each that is still judged by the policy of before. */
  policySpread = (before: boolean[]) => this.#post('policy-spread', before);
  faults = (rules: FaultRule[]) => this.#post('faults', rules);
  dark = (dark: Darkness[]) => this.#post('dark', dark);
  store = (manners: StoreManners) => this.#post('store', manners);
  rds = (settings: Partial<RdsSettings>) => this.#post('rds', settings);
  instanceStatus = (region: string, id: string, status: string) => this.#post('rds/status', { region, id, status });
  forgetSnapshot = (region: string, id: string) => this.#post('rds/forget-snapshot', { region, id });
  lifecycle = async (region: string, bucket: string, at: Date) =>
    (await this.#post('lifecycle', { region, bucket, at: at.toISOString() })) as { key: string; version: string }[];
  calls = async () => (await this.#post('calls')) as RecordedCall[];
  clearCalls = () => this.#post('calls/clear');
}

export type Sandbox = { address: SandboxAddress; control: SandboxControl; stop: () => Promise<void> };

/** Starts the sandbox as a child that ends with its parent. */
export async function startSandbox(): Promise<Sandbox> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'serve.ts'), '--json'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line').then(([text]) => String(text)),
    ended.then(([code]) => Promise.reject(new Error(`the sandbox ended at its start with code ${code}`))),
  ]);
  const address = JSON.parse(line) as SandboxAddress;
  return {
    address,
    control: new SandboxControl(address),
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
