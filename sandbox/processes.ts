import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

/** Starts processes and makes sure that each of them ends, by pid, with the sandbox. */
export class Processes {
  readonly #watchdog: ChildProcess;
  readonly #children = new Set<ChildProcess>();

  constructor(folder: string) {
    this.#watchdog = spawn(process.execPath, [join(import.meta.dirname, 'watchdog.ts')], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    this.#watchdog.unref();
    this.#tell(`dir ${folder}`);
  }

  #tell(line: string): void {
    this.#watchdog.stdin?.write(`${line}\n`);
  }

  start(command: string, args: string[], options: SpawnOptions = {}): ChildProcess {
    const child = spawn(command, args, { stdio: 'ignore', ...options });
    const pid = child.pid;
    if (pid === undefined) throw new Error(`cannot start ${command}`);
    this.#children.add(child);
    this.#tell(`pid ${pid}`);
    child.once('exit', () => {
      this.#children.delete(child);
      this.#tell(`gone ${pid}`);
    });
    return child;
  }

  /** Ends one child with the signal, then with SIGKILL if it hangs. */
  async stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (hasEnded(child)) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    const lingering = setTimeout(() => child.kill('SIGKILL'), 60_000);
    await ended;
    clearTimeout(lingering);
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#children].map((child) => this.stop(child, 'SIGQUIT')));
    this.#watchdog.stdin?.end();
  }
}
