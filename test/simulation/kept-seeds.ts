import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Every run of the tests plays the seeds from 1 to this one: without a mutant they break nothing, or that test says so. */
export const PLAYED = 300;

/** By the name of a mutant: a seed that shows it. Written by `node test/simulation/mutants.ts --keep`. */
export const keptSeeds: Record<string, number> = JSON.parse(
  readFileSync(join(import.meta.dirname, 'kept-seeds.json'), 'utf8'),
);
