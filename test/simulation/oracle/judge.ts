import type { Fact, Judge, Truth, Violation } from '../truth.ts';
import type { Check, Scene } from './check.ts';
import { i1 } from './i1.ts';
import { i2 } from './i2.ts';
import { i3 } from './i3.ts';
import { i4 } from './i4.ts';
import { i5 } from './i5.ts';
import { i6 } from './i6.ts';
import { i8 } from './i8.ts';
import { i9 } from './i9.ts';
import { keptDocuments, keptHistories } from './kept-documents.ts';
import { Memory } from './memory.ts';
import { secrets } from './secrets.ts';

const checks: Check[] = [i1, i2, i3, i4, i5, i6, i8, i9, keptDocuments, keptHistories, secrets];

/** Judges a world by these checks: all of them, unless a test takes some. */
export function judgeOf(truth: Truth, by: readonly Check[] = checks): Judge {
  const scene: Scene = { truth, memory: new Memory(truth) };
  return {
    see(fact: Fact): Violation[] {
      scene.memory.see(fact, truth);
      const found: Violation[] = [];
      for (const check of by) {
        const look = check[fact.what] as ((scene: Scene, fact: Fact) => Violation[]) | undefined;
        if (look) found.push(...look(scene, fact));
      }
      if (fact.what === 'run-ended') scene.memory.said.delete(fact.by);
      return found;
    },
    atRest: (passes) => by.flatMap((check) => check.rest?.(scene, passes) ?? []),
  };
}
