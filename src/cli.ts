import { Command as Program } from 'commander';
import type * as commands from './cli/commands.ts';
import type { Options } from './cli/run.ts';
import type { VerifyOptions } from './cli/verify.ts';
import { DrError, type DrErrorCode, describeError } from './errors.ts';

const EXIT_CODES =
  'Exit codes: 0 done and healthy, 1 done and something is wrong, 2 bad usage or configuration, 3 a remote system failed.';
const usageErrors: readonly DrErrorCode[] = [
  'BAD_CONFIG',
  'BAD_USAGE',
  'POINT_UNKNOWN',
  'KEY_FILE_INVALID',
  'WRONG_DIRECTION',
  'RUN_UNKNOWN',
  'NOT_CONFIRMED',
];
const foundWrong: readonly DrErrorCode[] = ['VAULT_UNREADABLE', 'NOT_FOUND', 'CONFLICT', 'PARTIAL_FAILURE'];

function exitCodeOf(error: unknown): number {
  if (!(error instanceof DrError)) return 3;
  if (usageErrors.includes(error.code)) return 2;
  return foundWrong.includes(error.code) ? 1 : 3;
}

/** Runs the work and turns its end into an exit code; errors go to people and, with --json, to programs. */
async function finish(json: () => boolean, work: () => Promise<boolean>): Promise<void> {
  try {
    process.exitCode = (await work()) ? 0 : 1;
  } catch (error) {
    const hint = error instanceof DrError ? error.hint : undefined;
    const code = error instanceof DrError ? error.code : 'UNEXPECTED';
    if (json()) process.stdout.write(`${JSON.stringify({ error: { code, message: describeError(error), hint } })}\n`);
    process.stderr.write(`builder-dr: ${describeError(error)}\n${hint ? `  hint: ${hint}\n` : ''}`);
    process.exitCode = exitCodeOf(error);
  }
}

/** The AWS clients are loaded only by the commands that call AWS. */
function run(name: keyof typeof commands, options: Options, args: string[]): Promise<void> {
  return finish(
    () => options.json ?? false,
    async () => {
      const [all, { runCommand }] = await Promise.all([import('./cli/commands.ts'), import('./cli/run.ts')]);
      return runCommand(all[name], options, args);
    },
  );
}

function withOptions(program: Program): Program {
  return program
    .option('--json', 'one JSON document on standard output')
    .option('--config <file>', 'configuration file (else $BUILDER_DR_CONFIG, else ./builder-dr.yml)')
    .option('--verbose', 'log every step to standard error')
    .addHelpText('after', `\n${EXIT_CODES}`);
}

function add(parent: Program, usage: string, description: string, name: keyof typeof commands): Program {
  return withOptions(parent.command(usage).description(description)).action(async (...values: unknown[]) => {
    const self = values.at(-1) as Program;
    await run(name, self.opts<Options>(), self.args);
  });
}

function addKeys(program: Program): void {
  const keys = program.command('keys').description("Builder's own keys");
  const folders = (value: string, before: string[] = []) => [...before, value];
  add(keys, 'escrow', "seal Builder's keys and the settings of its nodes into the vault", 'keysEscrow')
    .option('--from <folder>', 'a folder of keys or settings, such as /hab/cache/keys; may be repeated', folders)
    .option('--node <root>', "the root of a Builder node's file system: / on the node itself");
  add(keys, 'restore', 'write what is in escrow back, with its names and modes', 'keysRestore').requiredOption(
    '--to <folder>',
    'where to write it',
  );
  add(keys, 'check', 'open all that is in escrow, and say whether the keys fit the rows', 'keysCheck');
}

function addRecovery(program: Program): void {
  add(program, 'drill', 'restore a recovery point into a scratch instance, check it, throw it away', 'drillNow')
    .option('--point <id>', 'which recovery point', 'latest')
    .option('--dry-run', 'print the plan only')
    .option('--read-all', 'read every artifact again, not a sample of them')
    .option('--alarm-test', 'plant faults in scratch copies, and fail unless they are found and told');
  add(program, 'drills', 'the drills: verdicts, evidence, times by phase', 'drills');
  const failover = program.command('failover').description("bring Builder's data up in DR");
  add(failover, 'plan', 'the candidates and the steps; starts nothing', 'failoverPlan')
    .option('--point <id>', 'which recovery point', 'latest')
    .option('--planned', 'as a switchover: both sites healthy, nothing lost');
  add(failover, 'start', 'start a failover, or resume the one in hand', 'failoverStart')
    .option('--confirm <id>', 'the point that `failover plan` names')
    .option('--point <id>', 'which recovery point', 'latest')
    .option('--planned', 'as a switchover: fence, take a final point, cut over')
    .option('--accept-unfenced', 'cut over although the primary may still take writes')
    .option('--accept-findings', 'take the point although its verification found faults');
  add(failover, 'status', 'how far the failover is', 'failoverStatusNow');
  add(failover, 'abort', 'call it off, before the cut-over only', 'failoverAbort');
  const failback = program.command('failback').description('go back after a failover');
  add(failback, 'plan', 'where the failback is, and what comes next', 'failbackPlan');
  add(failback, 'start', 'start a failback, or go on with it; every call does what is due', 'failbackStart');
  add(failover, 'unfence', 'take the fence of a called-off failover away', 'failoverUnfence');
}

function addVerify(program: Program): void {
  const repeated = (value: string, before: string[]) => [...before, value];
  program
    .command('verify <path...>')
    .description('verify packages down to hash and signature: .hart files, folders of them, s3://bucket/prefix')
    .option('--keys <folder>', 'public keys (.pub), read recursively; may be repeated', repeated, [])
    .option('--checksums <file>', 'what the files should hash to, as `b2sum -l 256` writes it')
    .option('--deep', 'look into the archive too: that it unpacks, and that IDENT and TARGET agree with the name')
    .option('--concurrency <n>', 'threads; one is one thread (default: the processors)')
    .option('--engine <name>', 'hash-wasm or sodium-native (default: the faster one that is installed)')
    .option('--json', 'one JSON document on standard output')
    .addHelpText('after', `\n${EXIT_CODES}`)
    .action(async (paths: string[], options: VerifyOptions) => {
      const state = { begun: false };
      const json = () => options.json === true && !state.begun;
      await finish(json, async () => (await import('./cli/verify.ts')).verifyPaths(paths, options, state));
    });
}

function builderDr(): Program {
  const program = new Program('builder-dr').description('Disaster recovery for Chef Habitat On-Prem Builder.');
  program.addHelpText('after', `\n${EXIT_CODES}`);
  add(program, 'status', 'the last assessment of readiness', 'status').option(
    '--url',
    'print a link to the status page, good for one hour: whoever has it may read the page',
  );
  const list = add(program, 'points', 'the recovery points', 'points');
  add(list, 'accept <id>', 'accept a suspect point', 'pointsAccept');
  add(program, 'capture', 'start a recovery point now', 'captureNow');
  add(program, 'advance', 'move every point as far as it can go', 'advanceNow');
  add(program, 'reconcile', 'compare the buckets and queue what the replica lacks', 'reconcileNow');
  add(program, 'readiness', 'assess readiness, publish it, write the status', 'readinessNow');
  addRecovery(program);
  addKeys(program);
  addVerify(program);
  add(program, 'notify', 'try the messages', 'notifyNow').requiredOption(
    '--test',
    'send one message of each kind, marked as a test, to everybody who hears the real ones',
  );
  add(
    program,
    'cost',
    'what all this costs a month; measured by the newest point, or by the sizes that you name',
    'cost',
  )
    .option('--database-gib <n>', 'size of the database')
    .option('--artifacts-gib <n>', 'size of the artifact bucket')
    .option('--artifacts <n>', 'how many artifacts')
    .option('--database-change-percent <n>', 'how much of the database changes in a day (2)')
    .option('--artifact-growth-percent <n>', 'how much the bucket grows in a day (0.2)')
    .option('--points-kept <n>', 'how many recovery points are kept (72)')
    .option('--drill-every-days <n>', 'days between drills (7)')
    .option('--drill-hours <n>', 'hours that a drill instance lives (1.5)');
  add(program, 'doctor', 'try everything that the jobs need', 'doctorNow');
  program.configureOutput({ writeErr: (text) => process.stderr.write(text) });
  for (const each of [program, ...program.commands, ...program.commands.flatMap((one) => one.commands)]) {
    each.exitOverride();
  }
  return program;
}

try {
  await builderDr().parseAsync(process.argv);
} catch (error) {
  // commander has printed its message; help and version end with 0.
  process.exitCode = (error as { exitCode?: number }).exitCode === 0 ? 0 : 2;
}
