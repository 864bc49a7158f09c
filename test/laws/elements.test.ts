import { expect, it } from 'vitest';
import { vjp } from '../../src/autograd/vjp.ts';
import { ring } from '../../src/executors/ring/index.ts';
import { denseMamba } from '../../src/models/dense-mamba.ts';
import { denseMambaConfig } from '../../src/models/dense-mamba-config.ts';
import { denseRetNet } from '../../src/models/dense-retnet.ts';
import { denseRetNetConfig } from '../../src/models/dense-retnet-config.ts';
import { initialise, type LanguageModel } from '../../src/models/language-model.ts';
import type { Mode } from '../../src/nn/mode.ts';
import type { Case } from '../../src/oracle/case.ts';
import { exactly } from '../../src/oracle/compare.ts';
import { sampleCases } from '../../src/oracle/draw.ts';
import { faults } from '../../src/oracle/faults.ts';
import { bothWays } from '../../src/oracle/laws/batches.ts';
import { elements } from '../../src/oracle/laws/elements.ts';
import { operators } from '../../src/oracle/operators/index.ts';
import { elementsOf } from '../../src/oracle/tolerance.ts';
import { rejection } from '../../src/oracle/trial.ts';
import { indexInput, input, read } from '../../src/tensor/input.ts';
import { rng } from '../../src/tensor/random.ts';
import { leavesOf, mapTree, type Tree } from '../../src/tensor/tree.ts';
import type { Executor } from '../../src/tensor/value.ts';
import { testLaw } from './support.ts';

testLaw('elements');

it('the law elements accepts the faults that only round', () => {
  const rounding = faults.filter(({ onlyRounds }) => onlyRounds);
  expect(rounding.length).toBeGreaterThan(0);
  for (const fault of rounding)
    expect(rejection(elements, fault, fault.operator, { cases: 30, longest: 8, seed: 1 })).toBeNull();
});

it('compares every number of every form on some cases', () => {
  for (const operator of operators) {
    for (const [mode, forms] of Object.entries(operator.forms ?? {})) {
      const drawn = sampleCases(operator, { longest: 5 }, 40, 1).filter((c) => elements.applies(operator, mode, c));
      for (const [name, form] of Object.entries(forms)) {
        const isWhole = (c: Case): boolean =>
          Object.values(elementsOf(form.program, c)).every((x) => x.every(Number.isInteger));
        expect(drawn.some(isWhole), `${operator.name} ${mode} ${name}`).toBe(true);
      }
    }
  }
});

it.each(['padded', 'packed'] as const)('%s sequences have the elements that each has alone', (kind) => {
  for (const operator of operators.filter(({ batches }) => batches)) {
    const drawn = sampleCases(operator, { longest: 6 }, 2, 1);
    for (const [mode, program] of Object.entries(operator.modes)) {
      for (const one of drawn.filter(({ settings }) => operator.admits(settings, mode))) {
        const { c, together, apart } = bothWays(kind, operator, one);
        const verdict = exactly(elementsOf(together(program), c), elementsOf(apart(program), c));
        expect(verdict.where, `${operator.name} ${mode}`).toBe('');
      }
    }
  }
});

const [batch, length] = [2, 11];
const deep: readonly Mode[] = [{ name: 'parallel' }, { name: 'chunkwise', chunkSize: 4 }, { name: 'recurrent' }];

/** Every logit, state and gradient of a model on an executor. */
function resultsOf<C, P extends Tree, S extends Tree>(
  on: Executor,
  model: LanguageModel<C, P, S>,
  config: C & { readonly vocabulary: number },
  mode: Mode,
): number[] {
  const random = rng(5);
  const tokens = indexInput(
    on,
    Array.from({ length: batch * length }, () => random.integer(config.vocabulary)),
    [batch, length],
  );
  const { value, pullback } = vjp(
    (params: P) => {
      const { logits, state } = model.forward(params, config, tokens, model.start(params, config, batch), mode);
      return { logits, layers: state.layers as Tree };
    },
    initialise(model, config, { on, seed: 3, spread: 0.4 }),
  );
  const cotangents = mapTree(value, (x) => input(on, read(x).map(random.normal), x.shape));
  return [...leavesOf(value), ...leavesOf(pullback(cotangents))].flatMap((x) => [...read(x)]);
}

const differing = (x: readonly number[], y: readonly number[]): number => x.filter((value, i) => value !== y[i]).length;

it('a DenseRetNet of four layers has equal elements in three modes, and others with one wrong power of a decay', () => {
  const config = denseRetNetConfig({ vocabulary: 9, width: 8, heads: 2, layers: 4, denseLayers: 2 });
  const [first, ...others] = deep.map((mode) => resultsOf(ring as Executor, denseRetNet, config, mode));
  expect(first!.every(Number.isInteger)).toBe(true);
  for (const other of others) expect(differing(first!, other)).toBe(0);
  let tables = 0;
  const wrong: Executor = {
    ...(ring as Executor),
    get root() {
      return wrong;
    },
    constant(x, shape, slack, exact) {
      const isFirst = exact?.(0)?.[0] === 'power' && tables++ === 0;
      const oneMore = (i: number) => {
        const meant = exact!(i);
        return meant?.[0] === 'power' && i === length ? (['power', meant[1], meant[2] + 1] as const) : meant;
      };
      return ring.constant(x, shape, slack, isFirst ? oneMore : exact);
    },
  };
  expect(differing(first!, resultsOf(wrong, denseRetNet, config, deep[0]!))).toBeGreaterThan(first!.length / 2);
});

it('a DenseMamba of four layers has equal elements in three modes, and others with one wrong decay', () => {
  const config = denseMambaConfig({ vocabulary: 9, width: 6, layers: 4, denseLayers: 2 });
  const [first, ...others] = deep.map((mode) => resultsOf(ring as Executor, denseMamba, config, mode));
  expect(first!.every(Number.isInteger)).toBe(true);
  for (const other of others) expect(differing(first!, other)).toBe(0);
  let exponentials = 0;
  const wrong: Executor = {
    ...(ring as Executor),
    get root() {
      return wrong;
    },
    run(primitive, xs, params, shape) {
      const right = ring.run(primitive, xs, params, shape);
      if (primitive.name !== 'exp' || exponentials++ !== 1) return right;
      // the decay of a token amid the first sequence: that of its first token would meet a state of zeros
      const at = Math.floor(right.near.length / 4);
      return { ...right, x: right.x.map((level) => level.map((part, i) => (i === at ? part + 1 : part))) };
    },
  };
  expect(differing(first!, resultsOf(wrong, denseMamba, config, deep[0]!))).toBeGreaterThan(first!.length / 4);
});
