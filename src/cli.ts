import { readFileSync } from 'node:fs';
import { Output } from './cli/output.ts';
import { runCommandLine } from './cli/program.ts';

/** 128 and the number of SIGPIPE: what the shell sees of a program whose reader went away. */
const READER_GONE = 141;

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(READER_GONE);
  throw error;
});
// Logs that nobody reads stop no work.
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

// A folder above the sources as above the built file.
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const words = process.argv.slice(2);
const end = words.indexOf('--');
// Read before the parsing: what cannot be parsed is told as it was asked for.
const json = words.slice(0, end < 0 ? undefined : end).includes('--json');
process.exitCode = await runCommandLine(words, version, new Output(json, process.stdout, process.stderr));
