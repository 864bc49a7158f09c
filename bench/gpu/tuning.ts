/** @file Compares settings of the executor: elements per invocation, kernels per submission. */

import { type Compiled, compile, type Tuning } from '../../src/executors/gpu/index.ts';
import { mul } from '../../src/tensor/primitives/mul.ts';
import { sigmoid } from '../../src/tensor/primitives/sigmoid.ts';
import type { Value } from '../../src/tensor/value.ts';
import { ours, sizes } from './steps.ts';
import { isSmall, type Row, show } from './table.ts';

/** Compiles a function for timing. */
const compiled = (
  fn: (x: Readonly<Record<string, Value>>) => Value,
  shapes: Readonly<Record<string, readonly number[]>>,
  tuning: Tuning,
): Promise<Compiled> =>
  compile((x) => ({ y: fn(x) }), Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, { shape }])), {
    backend: 'webgpu',
    tuning,
  });

/** Least time of the longest kernel of each function, in seconds. Times the functions in turn, as clock rates change. */
async function inTurns(functions: readonly Compiled[]): Promise<number[]> {
  const least = functions.map(() => Number.POSITIVE_INFINITY);
  for (let turn = 0; turn < (isSmall ? 1 : 6); turn++) {
    for (const [i, f] of functions.entries()) {
      const { kernels } = await f.profile();
      least[i] = Math.min(least[i]!, Math.max(...kernels.map(({ seconds }) => seconds)));
    }
  }
  for (const f of functions) await f.dispose();
  return least;
}

/** Times numbers of elements per invocation, in kernels with two reads and with an elementary function. */
async function spreading(): Promise<Row[]> {
  const n = isSmall ? 64 : 2 ** 22;
  const own = [64, 128, 256].flatMap((threads) => [1, 2, 4, 8].map((each) => ({ threads, each })));
  const kinds = {
    product: { fn: ({ x, y }: Readonly<Record<string, Value>>) => mul(x!, y!), shapes: { x: [n], y: [n] } },
    gate: { fn: ({ x }: Readonly<Record<string, Value>>) => mul(x!, sigmoid(x!)), shapes: { x: [n] } },
    scaled: {
      fn: ({ x, y }: Readonly<Record<string, Value>>) => mul(x!, y!),
      shapes: { x: [n / 64, 64], y: [n / 64, 1] },
    },
  };
  const rows: Row[] = [];
  for (const [kind, { fn, shapes }] of Object.entries(kinds)) {
    const functions: Compiled[] = [];
    for (const way of own) functions.push(await compiled(fn, shapes, { spreading: way }));
    const times = await inTurns(functions);
    own.forEach((way, i) => void rows.push(show({ kind, ...way, microseconds: Number((times[i]! * 1e6).toFixed(1)) })));
  }
  return rows;
}

/** Times a training step with other settings. */
async function choices(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const kernelsAtOnce of [0, 16, 100_000]) {
    rows.push(...(await ours(sizes[0]!, `${kernelsAtOnce} kernels at once`, { kernelsAtOnce })));
  }
  for (const launchBytes of [0, 1e9]) {
    rows.push(...(await ours(sizes[0]!, `${launchBytes} bytes a launch`, { launchBytes })));
  }
  return rows;
}

export const tuning = async (): Promise<Row[]> => [...(await spreading()), ...(await choices())];
