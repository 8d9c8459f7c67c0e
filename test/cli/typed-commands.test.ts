import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commands } from '../../src/core/command-line.ts';
import { findingRules } from '../../src/core/findings.ts';

const root = join(import.meta.dirname, '..', '..');
const helps = new Map<string, string>();

/** What `builder-dr <command> --help` prints. It prints its own help, and ends well, for a command that it lacks. */
function helpOf(command: readonly string[]): string {
  const name = command.join(' ');
  const known = helps.get(name);
  if (known !== undefined) return known;
  const printed = execFileSync(process.execPath, [join(root, 'src', 'cli.ts'), ...command, '--help'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  helps.set(name, printed);
  return printed;
}

/** What the parser would not take of a line: its command, an option, an option's value, or a stray word. */
function problems(words: readonly string[]): string[] {
  const long = commands.filter((each) => each.every((word, index) => words[index] === word));
  const command = long.toSorted((a, b) => b.length - a.length)[0] ?? words.slice(0, 1);
  const help = helpOf(command);
  const usage = /^Usage: builder-dr (.*)$/m.exec(help)?.[1] ?? '';
  if (!`${usage} `.startsWith(`${command.join(' ')} `)) return [`there is no command ${command.join(' ')}`];
  const found: string[] = [];
  let places = usage.split(' ').filter((each) => each.startsWith('<')).length;
  for (let index = command.length; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (!word.startsWith('--')) {
      places -= 1;
      if (places < 0) found.push(`${usage} takes no ${word}`);
      continue;
    }
    const option = new RegExp(`^  (?:-\\w, )?${word}( <\\w+>)?(?= |$)`, 'm').exec(help);
    if (!option) found.push(`${command.join(' ')} has no ${word}`);
    const takesValue = option?.[1] !== undefined;
    if (takesValue && (words[index + 1] ?? '--').startsWith('--')) found.push(`${word} needs a value`);
    if (takesValue) index += 1;
  }
  return found;
}

/** Commands in backquotes, as hints of errors and findings have them. */
function quotedCommands(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/'[^'\n]*`builder-dr [^`\n]+`[^'\n]*'/g)].flatMap(([line]) =>
    [...line.matchAll(/`builder-dr ([^`\n]+)`/g)].map(([, words = '']) => words),
  );
}

describe('what people are told to type', () => {
  it.each(commands.map((each) => [each.join(' '), each] as const))('builder-dr %s is a command', (_name, words) => {
    expect(problems(words)).toEqual([]);
  });

  it.each(Object.entries(findingRules).flatMap(([code, rule]) => ('next' in rule ? [[code, rule.next] as const] : [])))(
    'after %s is a line that the parser takes: %j',
    (_code, words) => {
      expect(problems(words)).toEqual([]);
    },
  );

  it('in any hint is a line that the parser takes', () => {
    const files = globSync('src/**/*.ts', { cwd: root });
    const lines = files.flatMap((file) => quotedCommands(file).map((words) => ({ file, words })));
    expect(lines.length).toBeGreaterThan(30);
    const wrong = lines.flatMap(({ file, words }) =>
      problems(words.split(' ')).map((problem) => `${file}: builder-dr ${words}: ${problem}`),
    );
    expect(wrong).toEqual([]);
  });

  it('is refused by this very check when it is not so', () => {
    expect(problems(['bogus'])).toEqual(['there is no command bogus']);
    expect(problems(['points', 'bogus'])).toEqual(['points [options] [command] takes no bogus']);
    expect(problems(['drill', '--never'])).toEqual(['drill has no --never']);
    expect(problems(['keys', 'escrow', '--from'])).toEqual(['--from needs a value']);
    expect(problems(['points', 'accept', 'a', 'b'])).toEqual(['points accept [options] <id> takes no b']);
  });
});
