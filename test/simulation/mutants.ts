import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { keptSeeds } from './kept-seeds.ts';
import { copied, hunt, staleChanges } from './mutant-hunt.ts';
import { type Mutant, mutants } from './mutant-list.ts';

/**
 * Plants each defect in a copy of the source and looks whether the simulation finds it: `node test/simulation/mutants.ts
 * [--only NAME] [--seeds N] [--keep]`. The kept seed is tried first; `--keep` writes down the one that was found.
 */

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seeds: { type: 'string', default: '2000' },
    keep: { type: 'boolean', default: false },
  },
});
const base = copied();

async function end(mutant: Mutant): Promise<boolean> {
  const { name } = mutant;
  const stale = staleChanges(mutant, base);
  if (stale.length > 0) {
    say(`NOT THERE: ${name}\n    ${stale.join('\n    ')}`);
    return false;
  }
  const kept = keptSeeds[name];
  const again = kept === undefined ? undefined : await hunt(mutant, base, kept, 1);
  const found = again ?? (await hunt(mutant, base, 1, Number(values.seeds)));
  say(found ? `found: ${name}\n    seed ${found.seed}: ${found.said.slice(0, 260)}` : `NOT FOUND: ${name}`);
  if (!found) return false;
  keptSeeds[name] = found.seed;
  if (values.keep) keep();
  return true;
}

/** In the order of the list; a mutant that is no longer in it is dropped. */
function keep(): void {
  const known = mutants.flatMap(({ name }) => (keptSeeds[name] === undefined ? [] : [[name, keptSeeds[name]]]));
  writeFileSync(
    join(import.meta.dirname, 'kept-seeds.json'),
    `${JSON.stringify(Object.fromEntries(known), null, 2)}\n`,
  );
}

const wanted = mutants.filter(({ name }) => values.only === undefined || name.includes(values.only));
let count = 0;
for (const mutant of wanted) count += (await end(mutant)) ? 1 : 0;
say(`${count} of ${wanted.length} mutants found`);
rmSync(base, { recursive: true });
process.exitCode = count === wanted.length ? 0 : 1;
