/** @file The continuous state space model (Eqs. 3 and 4), and its discretisation. */
import * as fc from 'fast-check';
import { continuousOutput, stateDerivative } from '../../../spec/03-continuous-ssm.ts';
import { diagonal, pairBlocks } from '../../../spec/05-discrete-recurrence.ts';
import type { Complex } from '../../../spec/complex.ts';
import { discretiseBy, heldEigenvalue } from '../../../spec/discretisation.ts';
import type { Matrix, Vector } from '../../../spec/notation.ts';
import * as nn from '../../nn/ssm/continuous.ts';
import { type DiscretisationRule, discretise as onEngine } from '../../nn/ssm/discretise.ts';
import type { StateValue } from '../../nn/ssm/form.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { treeOf } from '../../tensor/tree.ts';
import type { Value } from '../../tensor/value.ts';
import { fromLists, type Layout, type Lists, type Slot, type Tensors, toLists } from '../case.ts';
import { small } from '../draw.ts';
import { mapValues, stripped } from '../named.ts';
import { type Operator, plain, type Size } from '../operator.ts';
import type { Program } from '../program.ts';
import { type FormName, layerAxes, outputsOf, partsOf, slotsOf } from './ssm.ts';
import { tokenModes } from './tokens.ts';
import { sequenceAxes } from './transition.ts';

type Grid = readonly (readonly Matrix[])[];

/** Settings of the continuous model: what A is. */
export type ContinuousSettings = { readonly form: 'real' | 'matrix' };

/** Eqs. 3 and 4 at every token of a sequence. */
export const continuousSsm: Operator<ContinuousSettings> = {
  ...plain,
  name: 'continuousSsm',
  equations: [3, 4],
  reference: 'whole',
  layouts: (size) =>
    fc.tuple(layerAxes(size), fc.constantFrom<'real' | 'matrix'>('real', 'matrix')).map(([{ b, t, e, n }, form]) => ({
      inputs: {
        x: { shape: [b, t, e] },
        h: { shape: [b, t, e, n] },
        'param.a': { shape: form === 'matrix' ? [e, n, n] : [e, n] },
        'param.b': { shape: [e, n] },
        'param.c': { shape: [e, n] },
      },
      outputs: { derivative: [b, t, e, n], y: [b, t, e] },
      settings: { form },
    })),
  definition: (inputs, { form }) => {
    const lists = (name: string): Lists => toLists(inputs[name]!);
    const [a, b, c] = ['a', 'b', 'c'].map((name) => lists(`param.${name}`)) as [
      Matrix | readonly Matrix[],
      Matrix,
      Matrix,
    ];
    const [x, h] = [lists('x') as readonly Matrix[], lists('h') as unknown as Grid];
    const map = (f: (own: Vector, input: number, e: number) => Lists): Lists =>
      h.map((tokens, i) => tokens.map((channels, t) => channels.map((own, e) => f(own, x[i]![t]![e]!, e))));
    const matrixOf = (e: number): Matrix => (form === 'matrix' ? (a[e] as Matrix) : diagonal(a[e] as Vector));
    const derivative = map((own, input, e) => stateDerivative(matrixOf(e), b[e]!, own, input));
    const y = map((own, _, e) => continuousOutput(c[e]!, own));
    return { derivative: fromLists(derivative, inputs.h!.shape), y: fromLists(y, inputs.x!.shape) };
  },
  modes: tokenModes((inputs) => {
    const { a, b, c } = stripped(inputs, 'param.') as { a: Value; b: Value; c: Value };
    return { derivative: nn.stateDerivative({ a, b }, inputs.h!, inputs.x!), y: nn.stateOutput(c, inputs.h!) };
  }),
  linearIn: ['x', 'h'],
  exact: true,
  ...sequenceAxes(['x', 'h'], ['derivative', 'y']),
};

/** Settings of a discretisation: what A is, and the rule. */
export type DiscretiseSettings = { readonly form: FormName; readonly rule: DiscretisationRule };

const rules: readonly DiscretisationRule[] = ['zeroOrderHold', 'bilinear', 'euler'];

/** A with eigenvalues mostly on the left, 0 among them; small enough for the bilinear rule to have an inverse. */
const generators: { readonly [F in FormName]: (e: number, n: number) => Slot } = {
  real: (e, n) => ({ shape: [e, n], between: [-3, 1] }),
  complex: (e, n) => ({ shape: [e, n], between: [-3, 1] }),
  matrix: (e, n) => ({ shape: [e, n, n], between: [-1.5 / n, 0.5 / n] }),
};

function layouts(_size: Size): fc.Arbitrary<Layout<DiscretiseSettings>> {
  const settings = fc.record({
    form: fc.constantFrom<FormName>('real', 'complex', 'matrix'),
    rule: fc.constantFrom(...rules),
  });
  return fc.tuple(small(3), small(4), settings).map(([e, n, { form, rule }]) => {
    const outputs = { a: generators[form](e, n).shape, b: [e, n] };
    return {
      inputs: {
        ...slotsOf('a', generators[form](e, n), form),
        ...slotsOf('b', { shape: [e, n] }, form),
        delta: { shape: [e], between: [0, 1] },
      },
      outputs: Object.fromEntries(
        (['a', 'b'] as const).flatMap((name) => partsOf(name, form).map((part) => [part, outputs[name]])),
      ),
      settings: { form, rule },
    };
  });
}

const program: Program<DiscretiseSettings> = (inputs, { rule }) => {
  const { a, b, delta } = treeOf(inputs) as { a: StateValue; b: StateValue; delta: Value };
  return outputsOf(onEngine(rule, { a, b, delta }));
};

/** Each channel alone. */
const channelwise: Program<DiscretiseSettings> = (inputs, settings) => {
  const channels = Array.from({ length: inputs.delta!.shape[0]! }, (_, e) =>
    program(
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

/** Ā and B̄ of one channel by the definitions: entry by entry where A is diagonal. */
function defined(inputs: Tensors, { form, rule }: DiscretiseSettings): Tensors {
  const lists = Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, toLists(x)]));
  const delta = lists.delta as Vector;
  if (form === 'matrix') {
    const [a, b] = [lists.a as readonly Matrix[], lists.b as Matrix];
    const all = a.map((matrix, e) => discretiseBy[rule](matrix, b[e]!, delta[e]!));
    return {
      a: fromLists(
        all.map(({ aBar }) => aBar),
        inputs.a!.shape,
      ),
      b: fromLists(
        all.map(({ bBar }) => bBar),
        inputs.b!.shape,
      ),
    };
  }
  const entries = (name: string): Complex[][] => {
    const [re, im] = partsOf(name, form).map((part) => lists[part] as Matrix);
    return re!.map((row, e) => row.map((x, n) => ({ re: x, im: im?.[e]?.[n] ?? 0 })));
  };
  const b = entries('b');
  const all = entries('a').map((row, e) => row.map((eigenvalue, n) => entry(rule, eigenvalue, b[e]![n]!, delta[e]!)));
  const gather = (name: string, of: (one: Discretised) => number): [string, Tensors[string]] => [
    name,
    fromLists(
      all.map((row) => row.map(of)),
      inputs[name]!.shape,
    ),
  ];
  if (form === 'real')
    return Object.fromEntries([gather('a', ({ aBar }) => aBar.re), gather('b', ({ bBar }) => bBar.re)]);
  return Object.fromEntries([
    gather('a.re', ({ aBar }) => aBar.re),
    gather('a.im', ({ aBar }) => aBar.im),
    gather('b.re', ({ bBar }) => bBar.re),
    gather('b.im', ({ bBar }) => bBar.im),
  ]);
}

type Discretised = { readonly aBar: Complex; readonly bBar: Complex };

/** One eigenvalue: the zero-order hold has a formula for it, the other rules treat it as a matrix. */
function entry(rule: DiscretisationRule, eigenvalue: Complex, b: Complex, delta: number): Discretised {
  if (rule === 'zeroOrderHold') return heldEigenvalue(eigenvalue, b, delta);
  const { aBar, bBar } = discretiseBy[rule](pairBlocks([eigenvalue]), [b.re, b.im], delta);
  return { aBar: { re: aBar[0]![0]!, im: aBar[1]![0]! }, bBar: { re: bBar[0]!, im: bBar[1]! } };
}

const names = ['a', 'a.re', 'a.im', 'b', 'b.re', 'b.im', 'delta'];

/** From A, B and Δ to Ā and B̄, by each rule. */
export const discretise: Operator<DiscretiseSettings> = {
  ...plain,
  name: 'discretise',
  chapter: 'spec/discretisation.ts',
  evidence: ['F', 'R'],
  layouts,
  values: ['normal'],
  definition: defined,
  modes: { whole: program, channelwise },
  reference: 'whole',
  axes: { batch: Object.fromEntries(names.map((name) => [name, 0])) },
};
