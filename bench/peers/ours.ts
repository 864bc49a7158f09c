/** @file The works in densessm, as the command line says: `eager`, or `compiled` to WebAssembly. */
import { grad } from '../../src/autograd/vjp.ts';
import { f32 } from '../../src/executors/f32/index.ts';
import { f64 } from '../../src/executors/f64/index.ts';
import { compile } from '../../src/executors/gpu/index.ts';
import { emptyState } from '../../src/nn/retention/inputs.ts';
import { parallelRetention } from '../../src/nn/retention/parallel.ts';
import { input, read } from '../../src/tensor/input.ts';
import { sub } from '../../src/tensor/ops.ts';
import { add } from '../../src/tensor/primitives/add.ts';
import { einsum } from '../../src/tensor/primitives/einsum.ts';
import { linearScan } from '../../src/tensor/primitives/linear-scan.ts';
import { mul } from '../../src/tensor/primitives/mul.ts';
import { sigmoid } from '../../src/tensor/primitives/sigmoid.ts';
import { sum } from '../../src/tensor/primitives/sum.ts';
import type { Executor, Value } from '../../src/tensor/value.ts';
import { adamW } from '../../src/training/index.ts';
import {
  adam,
  decays,
  drawn,
  retentionInputs,
  retentionShape,
  scanInputs,
  scanShape,
  trainingInputs,
} from './inputs.ts';
import { type Request, serve, type Work, type Works } from './serve.ts';

/** An input: its numbers and shape. */
interface Input {
  readonly numbers: Float64Array;
  readonly shape: readonly number[];
}

/** A function of values in a fixed order, and its inputs. */
interface Equation {
  readonly f: (...xs: Value[]) => readonly Value[];
  readonly xs: readonly Input[];
}

/** The gradients of the sum of a function's result, with respect to the first inputs. */
function gradients(count: number, { f, xs }: Equation): Equation {
  const sumOf = (...given: Value[]): Value => sum(f(...given)[0]!);
  return {
    f: (...all) =>
      grad((given: readonly Value[]) => sumOf(...given, ...all.slice(count)), all.slice(0, count) as readonly Value[]),
    xs,
  };
}

const inputsOf = (shape: readonly number[], all: readonly Float64Array[]): Input[] =>
  all.map((numbers) => ({ numbers, shape }));

const eight = (): Input[] => inputsOf([8], [drawn(8, 1), drawn(8, 2)]);

const retention = (): Equation => ({
  f: (...xs) => {
    const [q, k, v] = xs as [Value, Value, Value];
    return [parallelRetention({ q, k, v, decay: decays }, emptyState({ q, v })).output];
  },
  xs: inputsOf(retentionShape, retentionInputs()),
});

const scan = (): Equation => ({
  f: (...xs) => [linearScan(xs[0]!, xs[1]!, xs[2]!, 0)],
  xs: [...inputsOf(scanShape, scanInputs()), { numbers: new Float64Array(scanShape[1]!), shape: scanShape.slice(1) }],
});

const chain: Equation = {
  f: (...xs) => {
    let [out, factor] = xs as [Value, Value];
    for (let i = 0; i < 5; i++) out = add(mul(out, factor), factor);
    return [out];
  },
  xs: eight(),
};

const training: Equation = {
  f: (...all) => {
    const [x, y, w1, w2, m1, m2, v1, v2] = all as [Value, Value, Value, Value, Value, Value, Value, Value];
    const params = [w1, w2] as const;
    const loss = ([u1, u2]: readonly [Value, Value]): Value => {
      const error = sub(einsum('bh,ho->bo', sigmoid(einsum('bi,ih->bh', x, u1)), u2), y);
      return sum(mul(error, error));
    };
    const start = { params, first: [m1, m2] as const, second: [v1, v2] as const };
    const { rate, ...rule } = adam;
    const factors = { rate, firstCorrection: 1, secondCorrection: 1 };
    const { params: next, first } = adamW(start, grad(loss, params), factors, { ...rule, weightDecay: 0 });
    return [...next, ...first];
  },
  xs: trainingInputs().map(([numbers, shape]) => ({ numbers, shape })),
};

const equations: { readonly [name: string]: (n: number) => Equation } = {
  product: (n) => ({
    f: (...xs) => [einsum('ij,jk->ik', xs[0]!, xs[1]!)],
    xs: inputsOf([n, n], [drawn(n * n, 1), drawn(n * n, 2)]),
  }),
  add: () => ({ f: (...xs) => [add(xs[0]!, xs[1]!)], xs: eight() }),
  chain: () => gradients(1, chain),
  retention,
  retentionGradients: () => gradients(3, retention()),
  scan,
  scanGradients: () => gradients(2, scan()),
  training: () => training,
};

function eager(equation: Equation, { type }: Request): Work {
  const on = (type === 'f64' ? f64 : f32) as Executor;
  const xs = equation.xs.map(({ numbers, shape }) => input(on, numbers, shape));
  return { run: () => void equation.f(...xs), read: () => equation.f(...xs).flatMap((x) => [...read(x)]) };
}

async function compiled(equation: Equation, { type }: Request): Promise<Work> {
  if (type === 'f64') throw new Error('has no f64');
  const named = equation.xs.map((x, i) => [`x${i}`, x] as const);
  const f = await compile(
    (xs) => Object.fromEntries(equation.f(...named.map(([name]) => xs[name]!)).map((y, i) => [`y${i}`, y])),
    Object.fromEntries(named.map(([name, { shape }]) => [name, { shape }])),
    { backend: 'wasm', threads: 1 },
  );
  const arrays = Object.fromEntries(named.map(([name, { numbers }]) => [name, Float32Array.from(numbers)]));
  return { run: () => f(arrays), read: async () => Object.values(await f(arrays)).flatMap((y) => [...y]) };
}

const workOf = process.argv[2] === 'compiled' ? compiled : eager;
const works: Works = Object.fromEntries(
  Object.entries(equations).map(([name, of]) => [name, (request) => workOf(of(request.n ?? 0), request)]),
);
await serve('this tree', works);
