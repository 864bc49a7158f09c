/** @file Decays at both ends of their range: in every mode, gradients are finite wherever the forward pass is. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { vjp } from '../../src/autograd/vjp.ts';
import { bounded, boundOf, float64 } from '../../src/executors/bounded/index.ts';
import { f64, tensor } from '../../src/executors/f64/index.ts';
import { segmentDecays } from '../../src/nn/segment-decays.ts';
import { faults } from '../../src/oracle/faults.ts';
import type { Operator } from '../../src/oracle/operator.ts';
import { linearAttention } from '../../src/oracle/operators/linear-attention/operator.ts';
import { selectiveScan } from '../../src/oracle/operators/selective-scan/operator.ts';
import { simpleGla } from '../../src/oracle/operators/simple-gla/operator.ts';
import { stateSpaceDuality } from '../../src/oracle/operators/state-space-duality/operator.ts';
import type { Named, Program } from '../../src/oracle/program.ts';
import { input, read } from '../../src/tensor/input.ts';
import { filledLike } from '../../src/tensor/operand.ts';
import { type Rng, rng } from '../../src/tensor/random.ts';
import { type Shape, sizeOf } from '../../src/tensor/shape.ts';
import type { Executor, Value } from '../../src/tensor/value.ts';
import { expectSameInDoubleDouble } from '../support/double-double/same.ts';
import { cases } from '../support/property.ts';

const draw = (shape: Shape, number: () => number, on: Executor = f64): Value =>
  input(on, Float64Array.from({ length: sizeOf(shape) }, number), shape);

/** Draws from a list of numbers. */
const among =
  (random: Rng, numbers: readonly number[]): (() => number) =>
  () =>
    numbers[random.integer(numbers.length)]!;

/** Runs a program. Returns its outputs and the gradients of their sum, by name. */
function run(program: Program, inputs: Named, settings: object): readonly [outputs: Named, gradients: Named] {
  const { value, pullback } = vjp((xs: Named) => program(xs, settings as never), inputs);
  const ones = Object.fromEntries(Object.entries(value).map(([name, x]) => [name, filledLike(x, 1, x.shape)]));
  return [value, pullback(ones)];
}

const allFinite = (named: Named): boolean =>
  Object.values(named).every((x) => read(x).every((number) => Number.isFinite(number)));

/** Log gates of every size, resets (−∞) included. */
const gates = [0, -0, -1e-300, -1e-9, -0.5, -20, -745, -746, -1e4, Number.NEGATIVE_INFINITY];
/** Steps before softplus: around PyTorch's threshold of 20, and far from it on both sides. */
const deltas = [19.9, 20, 20.1, 100, 1e4, 0, -20, -745, -1e4];
/** A: no decay, slow decay, fast decay, immediate decay. */
const rates = [0, -1e-9, -1, -16, -1e4];

function attention(operator: Operator, seed: number, on: Executor = f64): Named {
  const random = rng(seed);
  const [b, h, t, d, e] = [1 + random.integer(2), 2, 1 + random.integer(9), 2, 3];
  const gate = draw([b, h, t], among(random, gates), on);
  const normal = (...shape: number[]): Value => draw(shape, random.normal, on);
  if (operator.name === 'stateSpaceDuality') {
    const rows = { b: normal(b, 1, t, d), c: normal(b, 1, t, d) };
    return { x: normal(b, h, t, e), gate, ...rows, state: normal(b, h, e, d) };
  }
  return {
    ...{ q: normal(b, h, t, d), k: normal(b, h, t, d), v: normal(b, h, t, e), state: normal(b, h, d, e) },
    ...(operator.name === 'simpleGla' && { gate }),
  };
}

function scan(seed: number, on: Executor = f64): Named {
  const random = rng(seed);
  const [b, t, e, n] = [1 + random.integer(2), 1 + random.integer(9), 4, 3];
  const normal = (...shape: number[]): Value => draw(shape, random.normal, on);
  return {
    u: normal(b, t, e),
    delta: draw([b, t, e], among(random, deltas), on),
    a: draw([e, n], among(random, rates), on),
    groupB: normal(b, t, 2, n),
    tokenC: normal(b, t, n),
    skip: normal(e),
    z: draw([b, t, e], among(random, [-800, -20, 0, 1, 20, 800]), on),
    deltaBias: normal(e),
    state: normal(b, e, n),
  };
}

interface Subject {
  readonly operator: Operator;
  readonly mode: string;
  readonly inputs: (seed: number, on?: Executor) => Named;
}

const subjectsOf = (operator: Operator, inputs: Subject['inputs']): Subject[] =>
  Object.keys(operator.modes).map((mode) => ({ operator, mode, inputs }));
const subjects = [
  ...[linearAttention, simpleGla, stateSpaceDuality].flatMap((one) =>
    subjectsOf(one as Operator, (seed, on) => attention(one as Operator, seed, on)),
  ),
  ...subjectsOf(selectiveScan as Operator, scan),
];
const settings = { chunkSize: 3, b: 'group', c: 'token', deltaSoftplus: true };
const seeds = fc.integer({ min: 1, max: 2 ** 31 - 1 });

describe.each(subjects)('$operator.name in mode $mode', ({ operator, mode, inputs }) => {
  it('has finite outputs and gradients at gates from 0 to −∞, and steps from 0 to 10⁴', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const [outputs, gradients] = run(operator.modes[mode]!, inputs(seed), settings);
        expect(allFinite(outputs)).toBe(true);
        expect(allFinite(gradients)).toBe(true);
      }),
      cases(100),
    );
  });

  it('agrees with the recurrence within computed bounds, gradients included', () => {
    const on = bounded(float64) as Executor;
    fc.assert(
      fc.property(seeds, (seed) => {
        const own = run(operator.modes[mode]!, inputs(seed, on), settings);
        const reference = run(operator.modes[operator.reference]!, inputs(seed, on), settings);
        const wrong = own.flatMap((named, i) =>
          Object.entries(named).flatMap(([name, x]) => {
            const other = reference[i]![name]!;
            const [have, want, bounds, others] = [read(x), read(other), boundOf(x), boundOf(other)];
            return [...have].flatMap((number, j) => {
              const allowed = bounds[j]! + others[j]!;
              const isRight = Math.abs(number - want[j]!) <= allowed && allowed < Number.POSITIVE_INFINITY;
              return isRight ? [] : [`${name}[${j}] is ${number}, not ${want[j]} ± ${allowed}`];
            });
          }),
        );
        expect(wrong).toEqual([]);
      }),
      cases(30),
    );
  });

  it('agrees with double-double within computed bounds, gradients included', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const program = (xs: Named) => ({ ...operator.modes[mode]!(xs, settings as never) });
        expectSameInDoubleDouble(program, (on) => ({ ...inputs(seed, on) }));
      }),
      cases(30),
    );
  });
});

describe('these inputs expose the faults', () => {
  const late = [simpleGla as Operator, stateSpaceDuality as Operator].map((one) => {
    const fault = faults.find((each) => each.name === 'exp-before-mask' && each.operator === one)!;
    return { one, name: one.name, program: fault.program };
  });

  it.each(late)('$name: exp before the mask gives gradients that are not finite', ({ one, program }) => {
    const finite = among(rng(1), [-1000, -0.5]);
    const inputs = { ...attention(one, 2) };
    const { gate } = inputs;
    const [outputs, gradients] = run(program, { ...inputs, gate: draw(gate!.shape, finite) }, settings);
    expect(allFinite(outputs)).toBe(true);
    expect(allFinite(gradients)).toBe(false);
  });

  it('states divided by products of decays are not finite', () => {
    const { program } = faults.find(
      (fault) => fault.name === 'divided-by-products' && fault.operator === (selectiveScan as Operator),
    )!;
    const broken = Array.from({ length: 20 }, (_, i) => run(program, scan(i + 1), settings)[0]);
    expect(broken.some((outputs) => !allFinite(outputs))).toBe(true);
  });
});

describe('a long sequence', () => {
  const long = 4096;

  it('with decaying states is finite, and its last output does not depend on its first token', () => {
    const random = rng(1);
    const [u, delta] = [draw([1, long, 2], random.normal), draw([1, long, 2], () => 1 + random.uniform())];
    const rows = draw([1, long, 2], random.normal);
    const a = draw([2, 2], () => -1 - random.uniform());
    const inputs = { u, delta, a, tokenB: rows, tokenC: rows, state: draw([1, 2, 2], () => 1e6) };
    const plain = { b: 'token', c: 'token', deltaSoftplus: false, chunkSize: 128 };
    const results = Object.values(selectiveScan.modes).map((program) => run(program, inputs, plain));
    for (const [outputs, gradients] of results) {
      expect(allFinite(outputs)).toBe(true);
      expect(allFinite(gradients)).toBe(true);
      const [last, first] = [read(outputs.state!), read(results[0]![0].state!)];
      for (const [i, h] of last.entries()) expect(h).toBeCloseTo(first[i]!, 12);
      // the derivative of the last state by the initial state underflows after about seven hundred steps
      const { pullback } = vjp(
        (state: Value) => selectiveScan.modes.scan!({ ...inputs, state }, plain as never),
        inputs.state,
      );
      const zero = { output: filledLike(u, 0, u.shape), state: filledLike(inputs.state, 1, [1, 2, 2]) };
      expect([...read(pullback(zero))]).toEqual([0, 0, 0, 0]);
    }
  });

  it('with decaying states agrees with double-double', () => {
    const of = (on: Executor) => {
      const random = rng(3);
      const rows = draw([1, long, 1], random.normal, on);
      return {
        u: draw([1, long, 1], random.normal, on),
        delta: draw([1, long, 1], () => 0.01 + random.uniform(), on),
        a: draw([1, 1], () => -1, on),
        tokenB: rows,
        tokenC: draw([1, long, 1], random.normal, on),
        state: draw([1, 1, 1], random.normal, on),
      };
    };
    const plain = { b: 'token', c: 'token', deltaSoftplus: true, chunkSize: 128 };
    for (const program of Object.values(selectiveScan.modes))
      expectSameInDoubleDouble((xs: ReturnType<typeof of>) => ({ ...program(xs, plain as never) }), of);
  });

  it('without decay is a sum', () => {
    const u = draw([1, long, 1], () => 1);
    const one = draw([1, long, 1], () => 1);
    const inputs = { u, delta: one, a: tensor([[0]]), tokenB: one, tokenC: one, state: tensor([[[0]]]) };
    const plain = { b: 'token', c: 'token', deltaSoftplus: false, chunkSize: 100 };
    for (const program of Object.values(selectiveScan.modes)) {
      const { output, state } = program(inputs, plain as never);
      expect(read(output!).every((y, t) => y === t + 1)).toBe(true);
      expect([...read(state!)]).toEqual([long]);
    }
  });

  it('with resets equals the parts between resets, run alone', () => {
    const random = rng(2);
    const [q, k, v] = [2, 2, 3].map((c) => draw([1, 1, long, c], random.normal)) as [Value, Value, Value];
    const every = 512;
    const gate = draw([1, 1, long], () => -0.01);
    const reset = input(
      f64,
      read(gate).map((g, t) => (t % every === 0 ? Number.NEGATIVE_INFINITY : g)),
      gate.shape,
    );
    const state = draw([1, 1, 2, 3], random.normal);
    const chunked = { chunkSize: 100 };
    const whole = read(simpleGla.modes.chunkwise!({ q, k, v, gate: reset, state }, chunked).output!);
    const rest = read(simpleGla.modes.recurrent!({ q, k, v, gate: reset, state }, chunked).output!);
    for (const [i, y] of whole.entries()) expect(Math.abs(y - rest[i]!)).toBeLessThan(1e-10);
    const otherState = simpleGla.modes.chunkwise!(
      { q, k, v, gate: reset, state: filledLike(state, 7, state.shape) },
      chunked,
    );
    expect([...read(otherState.output!)]).toEqual([...whole]);
  });
});

describe('segmentDecays', () => {
  it('is at most 1 if all decays are, and is 0 across a reset', () => {
    const a = draw([1, 300], () => 0.3);
    expect(Math.max(...read(segmentDecays(a, 1)))).toBe(1);
    const across = read(segmentDecays(tensor([0.5, 0, 0.5]), 0));
    expect([...across]).toEqual([1, 0, 0, 0, 1, 0, 0, 0.5, 1]);
  });

  it('is the product of the decays of a segment, along any time axis', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = rng(seed);
        const [b, t, e] = [1 + random.integer(3), 1 + random.integer(6), 1 + random.integer(3)];
        const a = draw([b, t, e], () => 2 ** -random.integer(4));
        const left = read(segmentDecays(a, 1));
        const numbers = read(a);
        const expected = (i: number, at: number, s: number, c: number): number => {
          let product = s <= at ? 1 : 0;
          for (let j = s + 1; j <= at; j++) product *= numbers[(i * t + j) * e + c]!;
          return product;
        };
        left.forEach((x, i) => {
          const [c, s, at, sequence] = [
            i % e,
            Math.floor(i / e) % t,
            Math.floor(i / (e * t)) % t,
            Math.floor(i / (e * t * t)),
          ];
          expect(x).toBe(expected(sequence, at, s, c));
        });
      }),
      cases(50),
    );
  });
});
