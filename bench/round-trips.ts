/** @file Measures how many questions with small inputs a resident backend process answers per second. */
import { openProcess } from '../src/oracle/backends/process.ts';
import { fill } from '../src/oracle/case.ts';

const [questions, rounds, goal] = [3000, 5, 3000];

/** Prints the median and the best rate of several rounds. */
export async function roundTrips(): Promise<void> {
  const backend = await openProcess(`${JSON.stringify(process.execPath)} test/support/stranger.mjs echo`);
  for (const length of [8, 1000]) {
    const shape = [length];
    const inputs = { q: { shape }, k: { shape }, v: { shape } };
    const c = fill({ inputs, outputs: { output: shape }, settings: { decay: [0.5] } }, 1, 'normal');
    const question = { operator: 'retention', mode: 'parallel', dtype: 'F32', gradients: true, c } as const;
    const rates: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const start = performance.now();
      for (let i = 0; i < questions; i++) {
        const { kind } = await backend.answer(question);
        if (kind !== 'numbers') throw new Error(`bench: the backend answered ${kind}`);
      }
      rates.push((1000 * questions) / (performance.now() - start));
    }
    rates.sort((a, b) => a - b);
    const [median, best] = [rates[(rounds - 1) / 2]!, rates.at(-1)!].map(Math.round);
    console.log(`4 tensors of ${length}: median ${median}, best ${best} round trips a second (goal ${goal})`);
  }
  await backend.close();
}
