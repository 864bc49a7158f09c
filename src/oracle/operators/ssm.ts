/** @file Discrete state space models as operators (Eqs. 5–8, 12, 13): real, complex and matrix decays, in every mode. */
import * as fc from 'fast-check';
import {
  conjugatePairs,
  type DiscreteSsm,
  diagonal,
  recurrence,
  type SsmResult,
} from '../../../spec/05-discrete-recurrence.ts';
import { convolution } from '../../../spec/07-convolution.ts';
import { convolvedState, unrolledState } from '../../../spec/12-dense-convolution.ts';
import type { Complex } from '../../../spec/complex.ts';
import { add, krylov, type Matrix, type Vector } from '../../../spec/notation.ts';
import type { StateValue } from '../../nn/ssm/form.ts';
import type { SsmInputs } from '../../nn/ssm/inputs.ts';
import { type SsmMode, ssmIn } from '../../nn/ssm/modes.ts';
import { namedLeavesOf, type Tree, treeOf } from '../../tensor/tree.ts';
import { fromLists, type Layout, type Lists, type Slot, type Tensors, toLists } from '../case.ts';
import { anyAssociation, chunkDraws, chunkSizeOf, lengths, small } from '../draw.ts';
import { type Operator, plain, type Size } from '../operator.ts';
import type { Named, Program } from '../program.ts';

/** Settings of every mode: the chunk size of chunkwise mode. */
export type SsmSettings = { readonly chunkSize: number };

/** What the decay is. */
export type FormName = 'real' | 'complex' | 'matrix';

/** The modes, the one that computes as Eqs. 5 and 6 first. */
export const ssmModes = ['recurrent', 'scan', 'logStep', 'direct', 'fft', 'chunkwise'] as const;

/** A mode's name. */
export type SsmModeName = (typeof ssmModes)[number];

/** A mode by its name. */
export const ssmMode = (name: SsmModeName, chunkSize: number): SsmMode =>
  name === 'chunkwise' ? { name, chunkSize } : { name };

/** Results as named outputs: `output`, `state`, or `state.re` and `state.im`. */
export const outputsOf = (result: object): Named => Object.fromEntries(namedLeavesOf(result as Tree));

/** Inputs as the modes take them. */
export type SsmTree = SsmInputs<StateValue> & { readonly state: StateValue };

/** Named inputs as a tree: `a.re` and `a.im` are one complex number. */
export const ssmTree = (inputs: Named): SsmTree => treeOf(inputs) as SsmTree;

const program =
  (name: SsmModeName): Program<SsmSettings> =>
  (inputs, { chunkSize }) => {
    const { state, ...rest } = ssmTree(inputs);
    return outputsOf(ssmIn(ssmMode(name, chunkSize))(rest, state));
  };

/** A slot, or a real and an imaginary one. */
export const slotsOf = (name: string, slot: Slot, form: FormName): Record<string, Slot> =>
  form === 'complex' ? { [`${name}.re`]: slot, [`${name}.im`]: slot } : { [name]: slot };

/** The names that slotsOf gives. */
export const partsOf = (name: string, form: FormName): string[] =>
  form === 'complex' ? [`${name}.re`, `${name}.im`] : [name];

/** Lengths of the axes of a layer. */
export const layerAxes = (size: Size) =>
  fc.record({ b: small(2), t: lengths(size), e: small(3), n: small(size.longest > 32 ? 3 : 4) });

/** Decays from −1 to 1, ends and halves among them; of complex numbers each part, of a matrix each entry, divided by its size. */
function decaySlot(form: FormName, e: number, n: number, { exact = false }: Size): Slot {
  const reach = exact || form === 'real' ? 1 : form === 'complex' ? 0.7 : 1 / n;
  return { shape: form === 'matrix' ? [e, n, n] : [e, n], between: [-reach, reach] };
}

const layouts = (form: FormName, size: Size): fc.Arbitrary<Layout<SsmSettings>> =>
  fc.tuple(layerAxes(size), chunkDraws).map(([{ b, t, e, n }, chunk]) => ({
    inputs: {
      x: { shape: [b, t, e] },
      ...slotsOf('a', decaySlot(form, e, n, size), form),
      ...slotsOf('b', { shape: [e, n] }, form),
      ...slotsOf('c', { shape: [e, n] }, form),
      ...slotsOf('state', { shape: [b, e, n] }, form),
    },
    outputs: {
      output: [b, t, e],
      ...Object.fromEntries(partsOf('state', form).map((name) => [name, [b, e, n]])),
    },
    settings: { chunkSize: chunkSizeOf(chunk, t) },
  }));

/** One channel of one sequence, as the definitions take it: complex states as pairs of real ones. */
export interface Channel {
  readonly x: Vector;
  readonly ssm: DiscreteSsm;
  readonly h0: Vector;
}

const interleaved = (re: Vector, im: Vector): Vector => re.flatMap((x, n) => [x, im[n]!]);
const complexOf = (re: Vector, im: Vector): Complex[] => re.map((x, n) => ({ re: x, im: im[n]! }));

/** The model of a channel from its lists, by name of the input. */
function modelOf(form: FormName, of: (name: string) => Lists): DiscreteSsm {
  const vector = (name: string): Vector => of(name) as Vector;
  const pair = (name: string): Complex[] => complexOf(vector(`${name}.re`), vector(`${name}.im`));
  if (form === 'complex') return conjugatePairs(pair('a'), pair('b'), pair('c'));
  const aBar = form === 'real' ? diagonal(vector('a')) : (of('a') as Matrix);
  return { aBar, bBar: vector('b'), c: vector('c') };
}

/** What a definition says of one channel. */
export type ChannelResult = Pick<SsmResult, 'output' | 'state'>;

/** A definition of one channel, applied to every channel of every sequence; `at(b, e)` tells it which. */
export function perChannel(
  form: FormName,
  inputs: Tensors,
  define: (channel: Channel, at: { readonly b: number; readonly e: number }) => ChannelResult,
): Tensors {
  const [batch, t, channels] = inputs.x!.shape as readonly [number, number, number];
  const lists = Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, toLists(x) as readonly Lists[]]));
  const x = lists.x as readonly Matrix[];
  const initial = (b: number, e: number): Vector => {
    const parts = partsOf('state', form).map((name) => (lists[name] as readonly Matrix[])[b]![e]!);
    return parts.length === 1 ? parts[0]! : interleaved(parts[0]!, parts[1]!);
  };
  const results = Array.from({ length: batch }, (_, b) =>
    Array.from({ length: channels }, (_, e) =>
      define(
        { x: x[b]!.map((row) => row[e]!), ssm: modelOf(form, (name) => lists[name]![e]!), h0: initial(b, e) },
        { b, e },
      ),
    ),
  );
  const output = results.map((all) => Array.from({ length: t }, (_, i) => all.map((result) => result.output[i]!)));
  const names = partsOf('state', form);
  const states = names.map((name, part) => {
    const own = results.map((all) => all.map(({ state }) => state.filter((_, i) => i % names.length === part)));
    return [name, fromLists(own, inputs[name]!.shape)] as const;
  });
  return { output: fromLists(output, inputs.x!.shape), ...Object.fromEntries(states) };
}

/** Eqs. 5 and 6 for the modes that go token by token, Eqs. 7, 8 and 13 for convolutions, Eq. 12 for scans in logarithmic depth. */
function defined({ x, ssm, h0 }: Channel, mode: string): ChannelResult {
  const { aBar, bBar } = ssm;
  const result = recurrence(x, ssm, h0);
  if (mode === 'logStep') return { ...result, state: unrolledState(x, aBar, bBar, h0) };
  if (mode !== 'direct' && mode !== 'fft') return result;
  const carried = krylov(aBar, h0, x.length + 1).at(-1)!;
  return { output: convolution(x, ssm, h0), state: add(convolvedState(x, aBar, bBar), carried) };
}

/** Axes of a layer's inputs and outputs; channels know nothing of each other, as heads do not. */
export const layerSymmetry = (form: FormName): Required<Pick<Operator<SsmSettings>, 'time' | 'axes'>> => {
  const states = partsOf('state', form);
  const all = (names: readonly string[], axis: number): Record<string, number> =>
    Object.fromEntries(names.map((name) => [name, axis]));
  const weights = ['a', 'b', 'c'].flatMap((name) => partsOf(name, form));
  return {
    time: {
      inputs: { x: 1 },
      outputs: { output: 1 },
      states: Object.fromEntries(states.map((name) => [name, name])),
      after: (settings) => settings,
    },
    axes: {
      batch: { x: 0, output: 0, ...all(states, 0) },
      head: { x: 2, output: 2, ...all(states, 1), ...all(weights, 0) },
    },
  };
};

const ssm = (name: string, form: FormName, modes: readonly SsmModeName[]): Operator<SsmSettings> => ({
  ...plain,
  name,
  layouts: (size) => layouts(form, size),
  definition: (inputs, _settings, mode) => perChannel(form, inputs, (channel) => defined(channel, mode)),
  modes: Object.fromEntries(modes.map((mode) => [mode, program(mode)])),
  reference: 'recurrent',
  ...(modes.includes('scan') && { boundsOf: anyAssociation }),
  spectral: ['fft'],
  timeInvariant: true,
  linearIn: ['x', ...partsOf('state', form)],
  exact: true,
  ...layerSymmetry(form),
});

const withoutScan = ssmModes.filter((mode) => mode !== 'scan');

/** Eqs. 5–8 with a diagonal Ā. */
export const diagonalSsm: Operator<SsmSettings> = { ...ssm('diagonalSsm', 'real', ssmModes), equations: [5, 6, 7, 8] };

/** The same with n conjugate pairs of eigenvalues. */
export const complexSsm: Operator<SsmSettings> = {
  ...ssm('complexSsm', 'complex', withoutScan),
  chapter: 'spec/05-discrete-recurrence.ts',
  evidence: [],
};

/** The same with any matrix Ā. */
export const matrixSsm: Operator<SsmSettings> = { ...ssm('matrixSsm', 'matrix', withoutScan), equations: [12, 13] };
