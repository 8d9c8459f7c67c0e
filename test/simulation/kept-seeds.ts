import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** By the name of a mutant: a seed that shows it. Written by `node test/simulation/mutants.ts --keep`. */
export const keptSeeds: Record<string, number> = JSON.parse(
  readFileSync(join(import.meta.dirname, 'kept-seeds.json'), 'utf8'),
);
