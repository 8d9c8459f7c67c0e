import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandLine } from '../../src/core/command-line.ts';

describe('the line to type for a command', () => {
  it.each([
    [['status'], 'builder-dr status'],
    [
      ['keys', 'escrow', '--from', '/hab/cache/keys', '--node', '/'],
      'builder-dr keys escrow --from /hab/cache/keys --node /',
    ],
    [['points', 'accept', "a b'c"], "builder-dr points accept 'a b'\\''c'"],
    [['points', 'accept', ''], "builder-dr points accept ''"],
    [['points', 'accept', '<id>'], "builder-dr points accept '<id>'"],
  ] as const)('%j is quoted where a shell needs it', (args, line) => {
    expect(commandLine(args)).toBe(line);
  });

  it('gives a shell exactly these arguments, whatever is in them', () => {
    const word = fc.string({ unit: fc.constantFrom(...'aZ0-_/.:=~#*?!$`\'"\\ <>&|;(){}[]\n\té'), maxLength: 12 });
    fc.assert(
      fc.property(fc.array(word, { maxLength: 4 }), (words) => {
        const script = `set -- ${commandLine(['verify', ...words])}\nprintf '%s\\0' "$@"`;
        const given = execFileSync('sh', ['-c', script], { encoding: 'utf8' });
        expect(given.split('\0').slice(0, -1)).toEqual(['builder-dr', 'verify', ...words]);
      }),
      { numRuns: 60 },
    );
  });
});
