import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keptSeeds, PLAYED } from './kept-seeds.ts';
import { copied, hunt, staleChanges } from './mutant-hunt.ts';
import { mutants } from './mutant-list.ts';

/** A change of the product moves what a seed meets: then one of those behind it shows the defect. */
const SEEDS = 60;
const kept = mutants.filter(({ name }) => keptSeeds[name] !== undefined);

describe('the mutants', () => {
  it.each(mutants)('can be planted as the source reads now: $name', (mutant) => {
    expect(staleChanges(mutant)).toEqual([]);
  });
});

describe('the simulation finds', () => {
  let base: string;
  beforeAll(() => {
    base = copied();
  });
  afterAll(() => rmSync(base, { recursive: true }));

  it.each(kept)('$name', async (mutant) => {
    const found = await hunt(mutant, base, keptSeeds[mutant.name] ?? 1, SEEDS, PLAYED);
    expect(found?.said).toMatch(/^(I[1-9]|documents|secrets)/);
  });
});
