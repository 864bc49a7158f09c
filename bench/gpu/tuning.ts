/** @file What the choices of the executor are worth: tiles of matrix products, kernels handed over at a time, evaluating twice. */
import { chain, counts } from './products.ts';
import { ours, sizes } from './steps.ts';
import { isSmall, perRepetition, type Row, show } from './table.ts';

export async function tuning(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const kernelsAtOnce of [0, 16, 100_000]) {
    rows.push(await ours(sizes[0]!, `${kernelsAtOnce} kernels at once`, { kernelsAtOnce }));
  }
  for (const launchBytes of [0, 1e9])
    rows.push(await ours(sizes[0]!, `${launchBytes} bytes a launch`, { launchBytes }));
  for (const n of isSmall ? [48] : [512, 1024, 2048]) {
    for (const tile of [0, 1, 2, 3]) {
      const [few, many] = counts(n);
      const spec = 'ij,jk->ik';
      const { median } = perRepetition(
        await chain(n, few, true, spec, tile),
        await chain(n, many, true, spec, tile),
        many - few,
      );
      rows.push(
        show({ n, tile, gflops: Math.round((2 * n ** 3) / median / 1e9), microseconds: Math.round(median * 1e6) }),
      );
    }
  }
  return rows;
}
