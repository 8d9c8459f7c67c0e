import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';

/**
 * Stops what the sandbox started when the sandbox is gone, also after SIGKILL:
 * its standard input is a pipe from the sandbox, and lines name what to end
 * (`pid N`, `gone N`, `dir PATH`).
 */
const pids = new Set<number>();
const folders = new Set<string>();
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);

for await (const line of createInterface({ input: process.stdin })) {
  const [word, value = ''] = line.split(/ (.*)/s);
  if (word === 'pid') pids.add(Number(value));
  if (word === 'gone') pids.delete(Number(value));
  if (word === 'dir') folders.add(value);
}
for (const pid of pids) {
  try {
    process.kill(pid, 'SIGQUIT');
  } catch {
    pids.delete(pid); // already ended: what we wanted
  }
}
await new Promise((resolve) => setTimeout(resolve, pids.size > 0 ? 300 : 0));
for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
