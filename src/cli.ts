import { Command as Program } from 'commander';
import {
  advanceNow,
  type Command,
  captureNow,
  doctorNow,
  keysEscrow,
  points,
  pointsAccept,
  readinessNow,
  reconcileNow,
  status,
} from './cli/commands.ts';
import { configFile, loadConfig, processEnvironment } from './config.ts';
import type { Log } from './core/ports.ts';
import { DrError, type DrErrorCode, describeError } from './errors.ts';
import { awsPorts } from './wire-aws.ts';

const EXIT_CODES =
  'Exit codes: 0 done and healthy, 1 done and something is wrong, 2 bad usage or configuration, 3 a remote system failed.';
const usageErrors: readonly DrErrorCode[] = [
  'BAD_CONFIG',
  'BAD_USAGE',
  'POINT_UNKNOWN',
  'KEY_FILE_INVALID',
  'WRONG_DIRECTION',
];
const foundWrong: readonly DrErrorCode[] = ['VAULT_UNREADABLE', 'NOT_FOUND', 'CONFLICT', 'PARTIAL_FAILURE'];

type Options = { json?: boolean; config?: string; verbose?: boolean };

function standardErrorLog(verbose: boolean): Log {
  const write = (level: string, message: string, facts: Record<string, unknown> = {}) =>
    process.stderr.write(`${JSON.stringify({ level, message, ...facts })}\n`);
  return {
    info: (message, facts) => void (verbose && write('info', message, facts)),
    warn: (message, facts) => void write('warn', message, facts),
  };
}

function exitCodeOf(error: unknown): number {
  if (!(error instanceof DrError)) return 3;
  if (usageErrors.includes(error.code)) return 2;
  return foundWrong.includes(error.code) ? 1 : 3;
}

async function run(command: Command, options: Options, args: string[]): Promise<void> {
  try {
    const environment = processEnvironment();
    const config = loadConfig(environment, configFile(environment, options.config));
    const ports = awsPorts(config, standardErrorLog(options.verbose ?? false));
    const answer = await command({ ports, config }, args);
    process.stdout.write(options.json ? `${JSON.stringify(answer.json)}\n` : `${answer.text}\n`);
    process.exitCode = answer.healthy ? 0 : 1;
  } catch (error) {
    const hint = error instanceof DrError ? error.hint : undefined;
    const code = error instanceof DrError ? error.code : 'UNEXPECTED';
    if (options.json)
      process.stdout.write(`${JSON.stringify({ error: { code, message: describeError(error), hint } })}\n`);
    process.stderr.write(`builder-dr: ${describeError(error)}\n${hint ? `  hint: ${hint}\n` : ''}`);
    process.exitCode = exitCodeOf(error);
  }
}

function withOptions(program: Program): Program {
  return program
    .option('--json', 'one JSON document on standard output')
    .option('--config <file>', 'configuration file (else $BUILDER_DR_CONFIG, else ./builder-dr.yml)')
    .option('--verbose', 'log every step to standard error')
    .addHelpText('after', `\n${EXIT_CODES}`);
}

function add(parent: Program, name: string, description: string, command: Command): Program {
  return withOptions(parent.command(name).description(description)).action(async (...values: unknown[]) => {
    const self = values.at(-1) as Program;
    await run(command, self.opts<Options>(), self.args);
  });
}

function builderDr(): Program {
  const program = new Program('builder-dr').description('Disaster recovery for Chef Habitat On-Prem Builder.');
  program.addHelpText('after', `\n${EXIT_CODES}`);
  add(program, 'status', 'the last assessment of readiness', status);
  const list = add(program, 'points', 'the recovery points', points);
  add(list, 'accept <id>', 'accept a suspect point', pointsAccept);
  add(program, 'capture', 'start a recovery point now', captureNow);
  add(program, 'advance', 'move every point as far as it can go', advanceNow);
  add(program, 'reconcile', 'compare the buckets and queue what the replica lacks', reconcileNow);
  add(program, 'readiness', 'assess readiness, publish it, write the status', readinessNow);
  const keys = program.command('keys').description("Builder's own keys");
  withOptions(keys.command('escrow').description('seal bldr-*.box.key and bldr-*.pub into the vault'))
    .requiredOption('--from <folder>', 'the folder that holds them, such as /hab/cache/keys')
    .action(async (options: Options & { from: string }) => run(keysEscrow, options, [options.from]));
  add(program, 'doctor', 'try everything that the jobs need', doctorNow);
  program.configureOutput({ writeErr: (text) => process.stderr.write(text) });
  for (const each of [program, ...program.commands, ...keys.commands, ...list.commands]) each.exitOverride();
  return program;
}

try {
  await builderDr().parseAsync(process.argv);
} catch (error) {
  // commander has printed its message; help and version end with 0.
  process.exitCode = (error as { exitCode?: number }).exitCode === 0 ? 0 : 2;
}
