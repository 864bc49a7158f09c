/** @file Declares discretisation: computes Ā and B̄ from A, B and Δ of each channel, by each rule. */
import * as fc from 'fast-check';
import { pairBlocks } from '../../../../spec/05-discrete-recurrence.ts';
import type { Complex } from '../../../../spec/complex.ts';
import { discretiseBy, heldEigenvalue } from '../../../../spec/discretisation.ts';
import {
  type ContinuousModel,
  type DiscreteModel,
  type DiscretisationRule,
  discretise as onEngine,
} from '../../../nn/ssm/discretise.ts';
import type { StateValue } from '../../../nn/ssm/form.ts';
import { concat } from '../../../tensor/primitives/concat.ts';
import { slice } from '../../../tensor/primitives/slice.ts';
import { treeOf } from '../../../tensor/tree.ts';
import type { Value } from '../../../tensor/value.ts';
import type { Case } from '../../case.ts';
import { defineOperator } from '../../define-operator.ts';
import { axis } from '../../draw.ts';
import { heldByDivision, heldByExpm1 } from '../../forms/divided-hold.ts';
import { layoutOf } from '../../layout.ts';
import { mapValues } from '../../named.ts';
import { over } from '../../over.ts';
import type { Program } from '../../program.ts';
import { outputsOf } from '../shared/ssm.ts';

/** The signature for each form of A: real diagonal, complex diagonal, and full matrix. */
const signatures = {
  real: 'a en, b en, delta e -> a en, b en',
  complex: 'a.re en, a.im en, b.re en, b.im en, delta e -> a.re en, a.im en, b.re en, b.im en',
  matrix: 'a enn, b en, delta e -> a enn, b en',
} as const;

/** Settings of a discretisation: the form of A, and the rule. */
export type DiscretiseSettings = { readonly form: keyof typeof signatures; readonly rule: DiscretisationRule };

const rules: readonly DiscretisationRule[] = ['zeroOrderHold', 'bilinear', 'euler'];

/** The interval for entries of A, mostly negative, 0 included. Entries of a matrix are so small that the bilinear inverse exists. */
const generators = (form: DiscretiseSettings['form'], n: number): readonly [number, number] =>
  form === 'matrix' ? [-1.5 / n, 0.5 / n] : [-3, 1];

type Run = (rule: DiscretisationRule, model: ContinuousModel<StateValue>) => DiscreteModel<StateValue>;

const whole =
  (run: Run): Program<DiscretiseSettings> =>
  (inputs, { rule }) => {
    const { a, b, delta } = treeOf(inputs) as { a: StateValue; b: StateValue; delta: Value };
    return outputsOf(run(rule, { a, b, delta }));
  };

/** Discretises each channel alone. */
const channelwise =
  (run: Run): Program<DiscretiseSettings> =>
  (inputs, settings) => {
    const channels = Array.from({ length: inputs.delta!.shape[0]! }, (_, e) =>
      whole(run)(
        mapValues(inputs, (x) => slice(x, 0, e, e + 1)),
        settings,
      ),
    );
    return mapValues(channels[0]!, (_, name) =>
      concat(
        channels.map((channel) => channel[name]!),
        0,
      ),
    );
  };

/** Uses another zero-order hold. The other rules stay as they are. */
const holding =
  (held: (model: ContinuousModel<StateValue>) => DiscreteModel<StateValue>): Run =>
  (rule, model) =>
    rule === 'zeroOrderHold' ? held(model) : onEngine(rule, model);

const inEveryMode = <T>(of: (mode: (run: Run) => Program<DiscretiseSettings>) => T) => ({
  whole: of(whole),
  channelwise: of(channelwise),
});

/** Discretises one eigenvalue. The zero-order hold has its own formula; the other rules use the real 2 × 2 block. */
function discretised(rule: DiscretisationRule, a: Complex, b: Complex, delta: number): { a: Complex; b: Complex } {
  if (rule === 'zeroOrderHold') {
    const { aBar, bBar } = heldEigenvalue(a, b, delta);
    return { a: aBar, b: bBar };
  }
  const { aBar, bBar } = discretiseBy[rule](pairBlocks([a]), [b.re, b.im], delta);
  return { a: { re: aBar[0]![0]!, im: aBar[1]![0]! }, b: { re: bBar[0]!, im: bBar[1]! } };
}

const definitions = {
  real: over('en', signatures.real, ({ a, b, delta }, { rule }: DiscretiseSettings) => {
    const bar = discretised(rule, { re: a, im: 0 }, { re: b, im: 0 }, delta);
    return { a: bar.a.re, b: bar.b.re };
  }),
  complex: over('en', signatures.complex, ({ delta, ...parts }, { rule }: DiscretiseSettings) => {
    const of = (name: 'a' | 'b'): Complex => ({ re: parts[`${name}.re`], im: parts[`${name}.im`] });
    const { a, b } = discretised(rule, of('a'), of('b'), delta);
    return { 'a.re': a.re, 'a.im': a.im, 'b.re': b.re, 'b.im': b.im };
  }),
  matrix: over('e', signatures.matrix, ({ a, b, delta }, { rule }: DiscretiseSettings) => {
    const { aBar, bBar } = discretiseBy[rule](a, b, delta);
    return { a: aBar, b: bBar };
  }),
};

export const discretise = defineOperator({
  name: 'discretise',
  chapter: 'spec/discretisation.ts',
  evidence: ['F', 'R'],
  signature:
    'a? en|enn, a.re? en, a.im? en, b? en, b.re? en, b.im? en, delta e -> a? en|enn, a.re? en, a.im? en, b? en, b.re? en, b.im? en',
  batch: 'e',
  layouts: (size) =>
    fc
      .tuple(
        axis(size, 'e', 3),
        axis(size, 'n', 4),
        fc.record({
          form: fc.constantFrom<DiscretiseSettings['form']>('real', 'complex', 'matrix'),
          rule: fc.constantFrom(...rules),
        }),
      )
      .map(([e, n, settings]) => {
        // small steps are usual, and where formulas of the hold lose their digits
        const powers = 20;
        const a = { between: generators(settings.form, n), powers };
        const details = { a, 'a.re': a, 'a.im': a, delta: { between: [0, 1], powers } } as const;
        return layoutOf(signatures[settings.form], { lengths: { e, n }, settings, details });
      }),
  values: ['normal'],
  definition: (inputs, settings, mode) => definitions[settings.form](inputs, settings, mode),
  modes: inEveryMode((mode) => mode(onEngine)),
  says: inEveryMode(() => 'zero-order hold by φ₁(z) = (e^z − 1) / z, with a series where |z| is small'),
  forms: inEveryMode((mode) => ({
    expm1: {
      says: 'zero-order hold by expm1(ΔA) / A',
      loses: 'in B̄ where A is 0: 0/0; in the gradient of A where |ΔA| is small',
      program: mode(holding(heldByExpm1)),
    },
    exponentialMinusOne: {
      says: 'zero-order hold by (exp(ΔA) − 1) / A',
      loses:
        'in B̄ where |ΔA| is small: exp(ΔA) − 1 cancels, and is 0/0 where A is 0; where a matrix A is nearly singular',
      isFaultThere: true,
      // the mode sums a series of a complex or matrix ΔA
      agrees: ({ settings }: Case<DiscretiseSettings>) => settings.form === 'real',
      program: mode(holding(heldByDivision)),
    },
  })),
  reference: 'whole',
});
