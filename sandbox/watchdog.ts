import { readFileSync, rmSync } from 'node:fs';
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
/** Whether it may still write; one that nobody has waited for does not. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
for (let tries = 0; tries < 600 && [...pids].some(runs); tries += 1) {
  await new Promise((resolve) => setTimeout(resolve, 100));
}
for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
