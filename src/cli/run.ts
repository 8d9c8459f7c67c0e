import { configFile, processEnvironment } from '../config.ts';
import { loadConfig } from '../config-file.ts';
import type { Log } from '../core/ports/all.ts';
import { awsPorts } from '../wire/all.ts';
import type { Command } from './command.ts';

export type Options = { json?: boolean; config?: string; verbose?: boolean; [flag: string]: unknown };

function standardErrorLog(verbose: boolean): Log {
  const write = (level: string, message: string, facts: Record<string, unknown> = {}) =>
    process.stderr.write(`${JSON.stringify({ level, message, ...facts })}\n`);
  return {
    info: (message, facts) => void (verbose && write('info', message, facts)),
    warn: (message, facts) => void write('warn', message, facts),
  };
}

/** Runs a command over the configured ports, prints its answer, and says whether all is well. */
export async function runCommand(command: Command, options: Options, args: string[]): Promise<boolean> {
  const environment = processEnvironment();
  const config = loadConfig(environment, configFile(environment, options.config));
  const ports = awsPorts(config, standardErrorLog(options.verbose ?? false));
  const answer = await command({ ports, config }, args, options);
  process.stdout.write(options.json ? `${JSON.stringify(answer.json)}\n` : `${answer.text}\n`);
  return answer.healthy;
}
