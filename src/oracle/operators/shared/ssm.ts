/** @file Declares the settings, layouts, programs and definition shared by all discrete state space models. */
import * as fc from 'fast-check';
import { type DiscreteSsm, recurrence } from '../../../../spec/05-discrete-recurrence.ts';
import { convolution } from '../../../../spec/07-convolution.ts';
import { type Carried, convolvedState, unrolledState } from '../../../../spec/12-dense-convolution.ts';
import { add, krylov, type Vector } from '../../../../spec/notation.ts';
import type { StateValue } from '../../../nn/ssm/form.ts';
import type { SsmInputs, SsmResult } from '../../../nn/ssm/inputs.ts';
import { type SsmMode, ssmIn } from '../../../nn/ssm/modes.ts';
import { namedLeavesOf, type Tree, treeOf } from '../../../tensor/tree.ts';
import type { Value } from '../../../tensor/value.ts';
import type { Layout } from '../../case.ts';
import { axis, chunkDraws, chunkSizeOf, lastingDecays, lengths } from '../../draw.ts';
import { type Details, layoutOf } from '../../layout.ts';
import type { Size } from '../../operator.ts';
import type { Named, Program } from '../../program.ts';

/** Settings of a state space model: the chunk size of chunkwise mode. */
export type SsmSettings = { readonly chunkSize: number };

/** The names of the modes. The first computes Eqs. 5 and 6 directly. */
export const ssmModes = ['recurrent', 'scan', 'logStep', 'direct', 'fft', 'chunkwise'] as const;

/** The modes for decays that the primitive `linearScan` does not support. */
export const ssmModesWithoutScan = ssmModes.filter((mode) => mode !== 'scan');

/** A mode's name. */
export type SsmModeName = (typeof ssmModes)[number];

/** Returns a mode by its name. */
export const ssmMode = (name: SsmModeName, chunkSize: number): SsmMode =>
  name === 'chunkwise' ? { name, chunkSize } : { name };

/** Makes a record with an entry for each of the given modes. */
export const inSsmModes = <T>(modes: readonly SsmModeName[], of: (name: SsmModeName) => T): Record<string, T> =>
  Object.fromEntries(modes.map((name) => [name, of(name)]));

/** Converts a result to named outputs: `output` and `state`, or `state.re` and `state.im`. */
export const outputsOf = (result: object): Named => Object.fromEntries(namedLeavesOf(result as Tree));

/** Inputs and settings in one record, in the format of nn: `a.re` and `a.im` form one complex value. */
export type SsmCall<S extends StateValue> = SsmInputs<S> & SsmSettings & { readonly state: S };

/** Makes a program of a state space model. */
export const ssmProgram =
  <S extends StateValue = Value>(run: (call: SsmCall<S>) => SsmResult<S>): Program<SsmSettings> =>
  (inputs, settings) =>
    outputsOf(run({ ...(treeOf(inputs) as SsmCall<S>), ...settings }));

/** Makes the programs of a state space model in the given modes. */
export const ssmPrograms = (modes: readonly SsmModeName[]): Record<string, Program<SsmSettings>> =>
  inSsmModes(modes, (name) =>
    ssmProgram<StateValue>(({ state, chunkSize, ...inputs }) => ssmIn(ssmMode(name, chunkSize))(inputs, state)),
  );

/** Draws the lengths of a layer's axes. */
export const layerAxes = (size: Size) =>
  fc.record({
    b: axis(size, 'b', 2),
    t: lengths(size),
    e: axis(size, 'e', 3),
    n: axis(size, 'n', size.longest > 32 ? 3 : 4),
  });

/** Draws the lengths of a layer's axes, and the number for `chunkSizeOf`. */
export const layerDraws = (size: Size) => fc.tuple(layerAxes(size), chunkDraws);

/**
 * Details of decays between −reach and reach. Those that last: real numbers or entries of matrices near the reach, and complex numbers
 * near 1.
 */
export function decayDetails(size: Size, reach: number): Record<'a' | 'a.re' | 'a.im', Details> {
  const [least] = lastingDecays(size);
  const own: Details = { between: size.lasting ? [reach * least, reach] : [-reach, reach] };
  if (!size.lasting) return { a: own, 'a.re': own, 'a.im': own };
  return { a: own, 'a.re': { between: [least, 1] }, 'a.im': { between: [(least - 1) / 2, (1 - least) / 2] } };
}

/** Draws layouts with decays between −reach and reach: real numbers, parts of complex numbers, or entries of matrices. */
export const ssmLayouts =
  (signature: string, reachOf: (n: number) => number) =>
  (size: Size): fc.Arbitrary<Layout<SsmSettings>> =>
    layerDraws(size).map(([axes, chunk]) => {
      const reach = size.exact ? 1 : reachOf(axes.n);
      return layoutOf(signature, {
        lengths: axes,
        settings: { chunkSize: chunkSizeOf(chunk, axes.t) },
        details: decayDetails(size, reach),
      });
    });

const byTokens = { output: [5, 6], state: [5] };
const byUnrolling = { output: [5, 6], state: [12] };
const byConvolution = { output: [7, 8], state: [13] };

/** The equations that define each mode: unrolled for the scan in logarithmic depth, convolutions, or token by token. */
export const ssmDefinedBy: Readonly<Record<SsmModeName, typeof byTokens>> = {
  recurrent: byTokens,
  scan: byTokens,
  logStep: byUnrolling,
  direct: byConvolution,
  fft: byConvolution,
  chunkwise: byTokens,
};

/** Defines one channel in a mode, by the equations of `ssmDefinedBy`. */
export function ssmDefinition(x: Vector, ssm: DiscreteSsm, h0: Vector, mode: string): Carried {
  const { aBar, bBar } = ssm;
  const { output, state } = recurrence(x, ssm, h0);
  const by = ssmDefinedBy[mode as SsmModeName];
  if (by === byUnrolling) return { output, state: unrolledState(x, aBar, bBar, h0) };
  if (by !== byConvolution) return { output, state };
  const carried = krylov(aBar, h0, x.length + 1).at(-1)!;
  return { output: convolution(x, ssm, h0), state: add(convolvedState(x, aBar, bBar), carried) };
}
