import { expect, it } from 'vitest';
import { eachOf } from '../../src/jobs/each-of.ts';

it('works on so many at once and no more, and answers in the order of the items', async () => {
  let now = 0;
  let most = 0;
  const found = await eachOf([5, 4, 3, 2, 1, 0], 3, async (n) => {
    now += 1;
    most = Math.max(most, now);
    for (let turns = 0; turns < n; turns += 1) await Promise.resolve();
    now -= 1;
    return n * 10;
  });
  expect([found, most]).toEqual([[50, 40, 30, 20, 10, 0], 3]);
});

it('begins no other item after one has failed', async () => {
  const begun: number[] = [];
  const work = async (n: number): Promise<void> => {
    begun.push(n);
    await Promise.resolve();
    if (n === 1) throw new Error('the second one');
    await new Promise((resolve) => setImmediate(resolve));
  };
  await expect(eachOf([0, 1, 2, 3, 4, 5], 2, work)).rejects.toThrow('the second one');
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  expect(begun).toEqual([0, 1]);
});

it('of nothing is nothing', async () => {
  expect(await eachOf([], 4, async () => 1)).toEqual([]);
});
