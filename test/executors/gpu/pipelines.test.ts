import { expect, it } from 'vitest';
import { queue } from '../../../src/executors/gpu/device/pipelines.ts';

it('starts tasks in order, at most so many at a time, also after one that fails', async () => {
  const inTurn = queue(2);
  const started: number[] = [];
  let [running, most] = [0, 0];
  const task = (n: number) => async (): Promise<number> => {
    started.push(n);
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 3 - (n % 3)));
    running--;
    if (n === 1) throw new Error('failed');
    return n;
  };
  const results = await Promise.allSettled([0, 1, 2, 3, 4, 5].map((n) => inTurn(task(n))));
  expect(started).toEqual([0, 1, 2, 3, 4, 5]);
  expect(most).toBe(2);
  expect(results.map(({ status }) => status)).toEqual(
    [0, 1, 2, 3, 4, 5].map((n) => (n === 1 ? 'rejected' : 'fulfilled')),
  );
});
