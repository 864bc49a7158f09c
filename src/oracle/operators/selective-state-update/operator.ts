/** @file Declares the update of a selective scan's state by one token, with heads, groups and all optional inputs. */
import { selectiveStateUpdate as definition } from '../../../../spec/selective-state-update.ts';
import { type TokenInputs, type TokenResult, selectiveStateUpdate as update } from '../../../nn/mamba2/update.ts';
import type { Value } from '../../../tensor/value.ts';
import { defineOperator } from '../../define-operator.ts';
import { layoutOf } from '../../layout.ts';
import type { ProgramOf } from '../../operator.ts';
import { over } from '../../over.ts';
import {
  groups,
  type Mamba2Settings,
  mamba2Draws,
  mamba2Inputs,
  softplusText,
  withStepsByLogarithm,
} from '../shared/mamba2.ts';

const signature =
  'x bhe, delta bh|bhe, a h|hen, b bgn, c bgn, skip? h|he, z? bhe, deltaBias? h|he, state bhen -> output bhe, state bhen';

/** Makes a program of an update of one token. */
export const updating =
  (run: (inputs: TokenInputs, state: Value) => TokenResult): ProgramOf<typeof signature, Mamba2Settings> =>
  ({ state, ...inputs }, { deltaSoftplus }) => ({ ...run({ ...inputs, deltaSoftplus }, state) });

/** The update of a state by one token, as Mamba and Mamba-2 decode. */
export const selectiveStateUpdate = defineOperator({
  name: 'selectiveStateUpdate',
  chapter: 'spec/selective-state-update.ts',
  evidence: ['T'],
  signature,
  layouts: (size) =>
    mamba2Draws(size).map((drawn) => {
      const { b, heads, e, n, settings } = drawn;
      const inputs = mamba2Inputs(size, drawn, []);
      // what a head shares, it shares in all: Mamba-2 decodes so
      const a = settings.deltaPer === 'channel' ? { ...inputs.a, shape: [heads.h, e, n] } : inputs.a!;
      return layoutOf(signature, { lengths: { b, ...heads, e, n }, inputs: { ...inputs, a }, settings });
    }),
  groups,
  definition: over(
    'bh',
    signature,
    ({ state, ...inputs }, { deltaSoftplus }: Mamba2Settings) => ({
      ...definition({ ...inputs, deltaSoftplus }, state),
    }),
    groups,
  ),
  modes: { recurrent: updating(update) },
  says: { recurrent: 'softplus as log1p(e^x)' },
  forms: {
    recurrent: {
      softplusByLogarithm: {
        ...softplusText,
        program: updating((inputs, state) => update(withStepsByLogarithm(inputs), state)),
      },
    },
  },
  reference: 'recurrent',
  laws: { heads: 'h', linearIn: ['x', 'state'] },
});
