/** @file Eqs. 3 to 8, 12 and 13, and discretisation: hand calculations, closed forms, and one equation against another. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  add,
  bilinear,
  causalConvolution,
  composedStep,
  conjugatePairs,
  continuousOutput,
  convolution,
  convolutionKernel,
  convolvedState,
  type DiscreteSsm,
  diagonal,
  discreteOutput,
  discreteState,
  euler,
  heldEigenvalue,
  heldSolution,
  identity,
  krylov,
  type Matrix,
  matMul,
  matrixExponential,
  matVec,
  pairBlocks,
  phi1,
  recurrence,
  scale,
  scaleMatrix,
  solve,
  stateDerivative,
  unrolledState,
  type Vector,
  zeroOrderHold,
} from '../../spec/index.ts';
import { distance, numbers } from './small.ts';

const seeds = fc.integer({ min: 1, max: 1e6 });
const sizes = fc.integer({ min: 1, max: 4 });

/** A model whose eigenvalues are mostly inside the unit circle. */
const model = (seed: number, n: number): DiscreteSsm => ({
  aBar: numbers(seed, n, n, 0.6),
  bBar: numbers(seed + 1, 1, n)[0]!,
  c: numbers(seed + 2, 1, n)[0]!,
});
const sequence = (seed: number, t: number): Vector => numbers(seed, 1, t)[0] ?? [];

describe('the continuous model (Eqs. 3, 4)', () => {
  it('is A h + B x, with output C h', () => {
    const a = [
      [1, 2],
      [0, -1],
    ];
    expect(stateDerivative(a, [10, 20], [3, 4], 2)).toEqual([11 + 20, -4 + 40]);
    expect(continuousOutput([5, -1], [3, 4])).toBe(11);
  });

  it('has a solution over a step whose derivative is that of Eq. 3', () => {
    fc.assert(
      fc.property(seeds, sizes, (seed, n) => {
        const [a, b, h] = [numbers(seed, n, n), sequence(seed + 1, n), sequence(seed + 2, n)];
        const at = (delta: number) => heldSolution(a, b, h, 0.7, delta);
        const slope = scale(2 ** 15, add(at(0.5 + 2 ** -16), scale(-1, at(0.5 - 2 ** -16))));
        expect(distance([slope], [stateDerivative(a, b, at(0.5), 0.7)])).toBeLessThan(1e-8);
        expect(at(0)).toEqual(h);
      }),
    );
  });

  it('equals closed forms: a leaky integrator, and an integrator, whose A has no inverse', () => {
    expect(heldSolution([[-2]], [3], [5], 4, 0.25)[0]).toBeCloseTo(5 * Math.exp(-0.5) + 6 * (1 - Math.exp(-0.5)), 14);
    expect(heldSolution([[0]], [3], [5], 4, 0.25)).toEqual([8]);
  });
});

describe('matrixExponential', () => {
  it('of a nilpotent matrix is its finite series, exactly', () => {
    const shift = [
      [0, 4, 2],
      [0, 0, 8],
      [0, 0, 0],
    ];
    expect(matrixExponential(shift)).toEqual([
      [1, 4, 18],
      [0, 1, 8],
      [0, 0, 1],
    ]);
  });

  it('of a generator of rotations is the rotation, for any angle', () => {
    fc.assert(
      fc.property(fc.double({ min: -60, max: 60, noNaN: true }), (angle) => {
        const turn = matrixExponential([
          [0, -angle],
          [angle, 0],
        ]);
        const expected = [
          [Math.cos(angle), -Math.sin(angle)],
          [Math.sin(angle), Math.cos(angle)],
        ];
        expect(distance(turn, expected)).toBeLessThan(1e-13);
      }),
    );
  });

  it('of a diagonal matrix has the exponentials, each to relative accuracy', () => {
    const e = matrixExponential(diagonal([-30, -1, 0, 2]));
    [-30, -1, 0, 2].forEach((x, i) => {
      expect(Math.abs(e[i]![i]! / Math.exp(x) - 1)).toBeLessThan(1e-13);
    });
    expect(e[0]![1]).toBe(0);
  });

  it('is a semigroup: exp((s + t) A) = exp(sA) exp(tA)', () => {
    fc.assert(
      fc.property(seeds, sizes, fc.double({ min: 0, max: 3, noNaN: true }), (seed, n, t) => {
        const a = numbers(seed, n, n);
        const whole = matrixExponential(scaleMatrix(1.25 + t, a));
        const parts = matMul(matrixExponential(scaleMatrix(1.25, a)), matrixExponential(scaleMatrix(t, a)));
        const size = 1 + distance(whole, scaleMatrix(0, whole));
        expect(distance(whole, parts)).toBeLessThan(1e-12 * size);
      }),
    );
  });

  it('of a large stable matrix is 0, and of an empty matrix is empty', () => {
    expect(matrixExponential([[-1e4]])).toEqual([[0]]);
    expect(matrixExponential([])).toEqual([]);
  });
});

describe('solve', () => {
  it('solves systems that need row exchanges, and refuses a singular matrix', () => {
    const a = [
      [0, 2],
      [1, 1],
    ];
    expect(solve(a, [[4], [5]])).toEqual([[3], [2]]);
    expect(() => solve([[0]], [[1]])).toThrow('solve: the matrix is singular');
  });

  it('gives X with A X = B', () => {
    fc.assert(
      fc.property(seeds, sizes, (seed, n) => {
        const a = numbers(seed, n, n).map((row, i) => row.map((x, j) => (i === j ? x + 2 * n : x)));
        const b = numbers(seed + 1, n, 2);
        expect(distance(matMul(a, solve(a, b)), b)).toBeLessThan(1e-13);
      }),
    );
  });
});

describe('discretisation (of Eq. 5)', () => {
  it('by zero-order hold is the solution of Eq. 3 over a step with constant x', () => {
    fc.assert(
      fc.property(seeds, sizes, (seed, n) => {
        const [a, b, h] = [numbers(seed, n, n), sequence(seed + 1, n), sequence(seed + 2, n)];
        const { aBar, bBar } = zeroOrderHold(a, b, 0.3);
        expect(distance([discreteState(aBar, bBar, h, 0.7)], [heldSolution(a, b, h, 0.7, 0.3)])).toBeLessThan(1e-14);
      }),
    );
  });

  it('by zero-order hold equals the formula with the inverse, if A has an inverse', () => {
    fc.assert(
      fc.property(seeds, sizes, (seed, n) => {
        const a = numbers(seed, n, n).map((row, i) => row.map((x, j) => (i === j ? x - 2 * n : x)));
        const b = sequence(seed + 1, n);
        const { aBar, bBar } = zeroOrderHold(a, b, 0.5);
        const less = aBar.map((row, i) => row.map((x, j) => (i === j ? x - 1 : x)));
        const formula = solve(
          scaleMatrix(0.5, a),
          matMul(
            less,
            scale(0.5, b).map((x) => [x]),
          ),
        );
        expect(distance([bBar], [formula.flat()])).toBeLessThan(1e-13);
      }),
    );
  });

  it('by zero-order hold is exact for a double integrator, which has no inverse', () => {
    const integrator = [
      [0, 1],
      [0, 0],
    ];
    expect(zeroOrderHold(integrator, [0, 1], 0.5)).toEqual({
      aBar: [
        [1, 0.5],
        [0, 1],
      ],
      bBar: [0.125, 0.5],
    });
  });

  it('by the bilinear rule and by Euler equals the formulas for one state', () => {
    const half = bilinear([[-1]], [3], 0.5);
    expect(half.aBar[0]![0]).toBeCloseTo(0.75 / 1.25, 15);
    expect(half.bBar[0]).toBeCloseTo(1.5 / 1.25, 15);
    expect(euler([[-1]], [3], 0.5)).toEqual({ aBar: [[0.5]], bBar: [1.5] });
  });

  it('has errors of order Δ² (Euler) and Δ³ (bilinear) over a step', () => {
    const [a, b] = [numbers(5, 3, 3), [1, -1, 0.5]];
    const error = (rule: typeof euler, delta: number) =>
      distance(rule(a, b, delta).aBar, zeroOrderHold(a, b, delta).aBar);
    for (const [rule, order] of [
      [euler, 2],
      [bilinear, 3],
    ] as const) {
      const ratio = error(rule, 1 / 16) / error(rule, 1 / 32);
      expect(Math.abs(Math.log2(ratio) - order)).toBeLessThan(0.2);
    }
  });

  it('of a real or complex eigenvalue equals that of its matrix', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const [[re, im, b0, b1]] = numbers(seed, 1, 4, 2) as unknown as [[number, number, number, number]];
        const { aBar, bBar } = heldEigenvalue({ re, im }, { re: b0, im: b1 }, 0.7);
        const whole = zeroOrderHold(pairBlocks([{ re, im }]), [b0, b1], 0.7);
        expect(distance(pairBlocks([aBar]), whole.aBar)).toBeLessThan(1e-13);
        expect(distance([[bBar.re, bBar.im]], [whole.bBar])).toBeLessThan(1e-13);
        const real = heldEigenvalue({ re, im: 0 }, { re: b0, im: 0 }, 0.7);
        expect(real.bBar.re).toBeCloseTo(zeroOrderHold([[re]], [b0], 0.7).bBar[0]!, 13);
        expect(real.aBar.im + real.bBar.im).toBe(0);
      }),
    );
  });
});

describe('phi1', () => {
  it('is 1 at 0 and accurate near it', () => {
    expect(phi1({ re: 0, im: 0 })).toEqual({ re: 1, im: 0 });
    // φ_1(z) = 1 + z/2 + z²/6 + …
    expect(phi1({ re: 1e-9, im: 2e-9 })).toEqual({ re: 1 + 0.5e-9, im: 1e-9 * (1 + 2e-9 / 3) });
    expect(phi1({ re: -1e-300, im: 0 }).re).toBe(1);
  });

  it('agrees on both sides of |z| = 1', () => {
    for (let k = 0; k < 16; k++) {
      const [re, im] = [Math.cos((k * Math.PI) / 8), Math.sin((k * Math.PI) / 8)];
      const [inside, outside] = [0.999999, 1.000001].map((r) => phi1({ re: r * re, im: r * im }));
      expect(Math.hypot(inside!.re - outside!.re, inside!.im - outside!.im)).toBeLessThan(4e-6);
      expect(inside!.re).toBeCloseTo(outside!.re, 5);
    }
  });
});

describe('recurrence and convolution (Eqs. 5 to 8, 12, 13)', () => {
  const two: DiscreteSsm = {
    aBar: [
      [0.5, 1],
      [0, -1],
    ],
    bBar: [1, 2],
    c: [1, 10],
  };

  it('equal a hand calculation for two states and three tokens', () => {
    expect(discreteState(two.aBar, two.bBar, [4, 6], 3)).toEqual([2 + 6 + 3, -6 + 6]);
    expect(discreteOutput(two.c, [4, 6])).toBe(64);
    expect(recurrence([1, 0, 2], two)).toEqual({
      output: [21, -17.5, 61.25],
      states: [
        [1, 2],
        [2.5, -2],
        [1.25, 6],
      ],
      state: [1.25, 6],
    });
    expect(convolutionKernel(two, 3)).toEqual([21, -17.5, 19.25]);
    expect(causalConvolution([1, 0, 2], [21, -17.5, 19.25])).toEqual([21, -17.5, 19.25 + 42]);
    expect(unrolledState([1, 0, 2], two.aBar, two.bBar, [0, 0])).toEqual([1.25, 6]);
    expect(convolvedState([1, 0, 2], two.aBar, two.bBar)).toEqual([1.25, 6]);
  });

  it('return the state unchanged without tokens', () => {
    expect(recurrence([], two, [3, 4])).toEqual({ output: [], states: [], state: [3, 4] });
    expect(unrolledState([], two.aBar, two.bBar, [3, 4])).toEqual([3, 4]);
    expect(convolution([], two, [3, 4])).toEqual([]);
  });

  it('agree from any state, at every token', () => {
    fc.assert(
      fc.property(seeds, sizes, fc.integer({ min: 1, max: 9 }), (seed, n, t) => {
        const [ssm, x, h0] = [model(seed, n), sequence(seed + 3, t), sequence(seed + 4, n)];
        const { output, states } = recurrence(x, ssm, h0);
        expect(distance([convolution(x, ssm, h0)], [output])).toBeLessThan(1e-12);
        states.forEach((h, i) => {
          const tokens = x.slice(0, i + 1);
          expect(distance([unrolledState(tokens, ssm.aBar, ssm.bBar, h0)], [h])).toBeLessThan(1e-12);
          const carried = krylov(ssm.aBar, h0, i + 2).at(-1)!;
          expect(distance([add(convolvedState(tokens, ssm.aBar, ssm.bBar), carried)], [h])).toBeLessThan(1e-12);
        });
      }),
    );
  });

  it('are steps composed in any bracketing', () => {
    fc.assert(
      fc.property(seeds, sizes, (seed, n) => {
        const [ssm, x, h0] = [model(seed, n), sequence(seed + 3, 3), sequence(seed + 4, n)];
        const [one, two, three] = x.map((input) => ({ a: ssm.aBar, u: scale(input, ssm.bBar) }));
        const left = composedStep(composedStep(one!, two!), three!);
        const right = composedStep(one!, composedStep(two!, three!));
        expect(distance(left.a, right.a)).toBeLessThan(1e-14);
        expect(distance([left.u], [right.u])).toBeLessThan(1e-14);
        const state = add(matVec(left.a, h0), left.u);
        expect(distance([state], [recurrence(x, ssm, h0).state])).toBeLessThan(1e-13);
      }),
    );
  });

  it('of conjugate pairs give 2 Re Σ C h, in complex numbers', () => {
    // one pair, Ā = i/2, B̄ = 1 + i, C = 2: h = (1 + i) x, then i/2 h …
    const pairs = conjugatePairs([{ re: 0, im: 0.5 }], [{ re: 1, im: 1 }], [{ re: 2, im: 0 }]);
    expect(recurrence([1, 0, 0], pairs).output).toEqual([4, -2, -1]);
    const rotated = conjugatePairs([{ re: 0, im: 0.5 }], [{ re: 1, im: 1 }], [{ re: 0, im: 2 }]);
    // 2 Re(2i (1 + i)) = -4
    expect(recurrence([1], rotated).output).toEqual([-4]);
  });

  it('use the Krylov sequence v, X v, X² v, …', () => {
    const x: Matrix = [
      [2, 1],
      [0, 3],
    ];
    expect(krylov(x, [1, 1], 3)).toEqual([
      [1, 1],
      [3, 3],
      [9, 9],
    ]);
    expect(krylov(x, [1, 1], 0)).toEqual([]);
    expect(matMul(x, identity(2))).toEqual(x);
  });
});
