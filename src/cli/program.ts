import { CommanderError, Command as Program } from 'commander';
import { DrError } from '../errors.ts';
import type { Command, Flags, Option } from './command.ts';
import type { Output } from './output.ts';
import type { SiteOptions } from './site.ts';
import { groups, table } from './table.ts';

const EXIT_CODES =
  'Exit codes: 0 done and healthy, 1 done and something is wrong, 2 bad usage, configuration or credentials, 3 a remote system failed.';

function pathOf(program: Program): string {
  return program.parent ? `${pathOf(program.parent)} ${program.name()}` : program.name();
}

/** Commander's complaint as an error of ours; the end of a help or version that it has printed stays as it is. */
function usageError(program: Program, error: CommanderError): Error {
  if (error.exitCode === 0) return error;
  const [, complaint = error.message, suggestion = ''] = /^error: (.*?)(?:\n\((.*)\))?$/s.exec(error.message) ?? [];
  const message = error.code === 'commander.help' ? 'what to do is missing' : complaint;
  const help = `\`${pathOf(program)} --help\` tells what there is.`;
  return new DrError('BAD_USAGE', message, { hint: suggestion ? `${suggestion} ${help}` : help });
}

function complainingAsOurs(program: Program): Program {
  return program.exitOverride((error) => {
    throw usageError(program, error);
  });
}

function addOption(program: Program, { flags, does, preset, required, repeated }: Option): void {
  const gather = (value: string, before: string[] = []) => [...before, value];
  if (required) program.requiredOption(flags, does);
  else if (repeated) program.option(flags, does, gather);
  else program.option(flags, does, preset);
}

/** The group of that name, made when a command first asks for it. */
function group(parent: Program, name: string): Program {
  const found = parent.commands.find((each) => each.name() === name);
  return found ?? complainingAsOurs(parent.command(name).description(groups[name] ?? ''));
}

type RunCommand = (command: Command, args: string[], flags: Flags) => Promise<void>;

function addCommand(root: Program, command: Command, run: RunCommand): void {
  const words = command.usage.split(' ');
  const last = words.findLastIndex((word) => !/^[<[]/.test(word));
  const parent = words.slice(0, last).reduce(group, root);
  const program = complainingAsOurs(parent.command(words.slice(last).join(' ')).description(command.does));
  for (const option of command.options ?? []) addOption(program, option);
  program.action(() => run(command, program.args, program.optsWithGlobals()));
}

function builderDr(version: string, run: RunCommand): Program {
  const program = complainingAsOurs(new Program('builder-dr'))
    .description('Disaster recovery for Chef Habitat On-Prem Builder.')
    .version(version, '--version', 'the version of this package')
    .option('--json', 'one JSON document on standard output')
    .option('--config <file>', 'configuration file (else $BUILDER_DR_CONFIG, else ./builder-dr.yml)')
    .option('--verbose', 'log every step to standard error')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: () => undefined })
    .addHelpText('afterAll', `\n${EXIT_CODES}`);
  for (const command of table) addCommand(program, command, run);
  return program;
}

/** Does what the command line says and answers the exit code. */
export async function runCommandLine(words: string[], version: string, output: Output): Promise<number> {
  let healthy = true;
  const program = builderDr(version, async (command, args, flags) => {
    const site = async () => (await import('./site.ts')).openSite(flags as SiteOptions);
    const answer = await command.run({ args, flags, output, site });
    output.answer(answer);
    healthy = answer.healthy;
  });
  try {
    await program.parseAsync(words, { from: 'user' });
    return healthy ? 0 : 1;
  } catch (error) {
    return error instanceof CommanderError ? 0 : output.fail(error);
  }
}
