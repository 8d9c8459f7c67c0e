/** What `builder-dr` can be told to do, as far as people are told to type it; a test tries each of them. */
export const commands = [
  ['status'],
  ['points'],
  ['points', 'accept'],
  ['points', 'hold'],
  ['points', 'release'],
  ['prune'],
  ['capture'],
  ['advance'],
  ['reconcile'],
  ['readiness'],
  ['drill'],
  ['drills'],
  ['failover', 'plan'],
  ['failover', 'start'],
  ['failover', 'status'],
  ['failover', 'abort'],
  ['failover', 'unfence'],
  ['failover', 'release'],
  ['failback', 'plan'],
  ['failback', 'start'],
  ['keys', 'escrow'],
  ['keys', 'restore'],
  ['keys', 'check'],
  ['verify'],
  ['notify'],
  ['cost'],
  ['doctor'],
] as const;

/** A command of `builder-dr` and its arguments, one word each, not quoted. */
export type CommandArguments = readonly [...(typeof commands)[number], ...string[]];

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/**
 * The line to type for a command: a POSIX shell gives `builder-dr` exactly these arguments. `configFile`: what the
 * operator's command line reads; whoever is told a line out of the blue pastes it into a shell that knows no stage.
 */
export function commandLine(args: CommandArguments, configFile?: string): string {
  const config = configFile === undefined ? [] : ['--config', configFile];
  return ['builder-dr', ...args, ...config].map(quoted).join(' ');
}
