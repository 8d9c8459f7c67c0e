import { configFile, policyOf, processEnvironment } from '../config.ts';
import { loadConfig } from '../config-file.ts';
import type { Log } from '../core/ports/all.ts';
import { awsPorts } from '../wire/cli.ts';
import type { OpenedSite } from './command.ts';

export type SiteOptions = { config?: string; verbose?: boolean };

function standardErrorLog(verbose: boolean): Log {
  const write = (level: string, message: string, facts: Record<string, unknown> = {}) =>
    process.stderr.write(`${JSON.stringify({ level, message, ...facts })}\n`);
  return {
    info: (message, facts) => void (verbose && write('info', message, facts)),
    warn: (message, facts) => void write('warn', message, facts),
  };
}

/** The configured sites with all their ports. Throws BAD_CONFIG. */
export function openSite({ config: file, verbose }: SiteOptions): OpenedSite {
  const environment = processEnvironment();
  const path = configFile(environment, file);
  const config = loadConfig(environment, path);
  return { ports: awsPorts(config, path, standardErrorLog(verbose ?? false)), config, policy: policyOf(config) };
}
