/** @file Faults of discretise: another rule than the declared one; shared, detached or missing steps. */
import type { DiscretisationRule } from '../../../nn/ssm/discretise.ts';
import { broadcast } from '../../../tensor/primitives/broadcast.ts';
import { div } from '../../../tensor/primitives/div.ts';
import { reshape } from '../../../tensor/primitives/reshape.ts';
import { slice } from '../../../tensor/primitives/slice.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import { faultsOf } from '../../fault.ts';
import { mapValues, stripped } from '../../named.ts';
import type { Program } from '../../program.ts';
import { type DiscretiseSettings, discretise } from './operator.ts';

type Discretisation = Program<DiscretiseSettings>;

/** Computes Ā, B̄ or both by the rule `used` if the settings declare the rule `declared`. */
const byOtherRule =
  (parts: readonly ('a' | 'b')[], declared: DiscretisationRule, used: DiscretisationRule) =>
  (inputs: Parameters<Discretisation>[0], settings: DiscretiseSettings, run: Discretisation) => {
    const genuine = run(inputs, settings);
    if (settings.rule !== declared) return genuine;
    const other = run(inputs, { ...settings, rule: used });
    return mapValues(genuine, (x, name) => (parts.some((part) => name.startsWith(part)) ? other[name]! : x));
  };

export const discretiseFaults = faultsOf(discretise, [
  {
    mode: 'whole',
    name: 'input-by-euler',
    says: 'B̄ = ΔB where the zero-order hold is declared',
    rejectedBy: ['definition', 'derivative'],
    program: byOtherRule(['b'], 'zeroOrderHold', 'euler'),
  },
  {
    mode: 'whole',
    name: 'decay-by-euler',
    says: 'Ā = I + ΔA where the zero-order hold is declared',
    rejectedBy: ['definition', 'derivative'],
    program: byOtherRule(['a'], 'zeroOrderHold', 'euler'),
  },
  {
    mode: 'whole',
    name: 'bilinear-for-held',
    says: 'the bilinear rule where the zero-order hold is declared',
    rejectedBy: ['definition', 'derivative'],
    program: byOtherRule(['a', 'b'], 'zeroOrderHold', 'bilinear'),
  },
  {
    mode: 'whole',
    name: 'euler-for-bilinear',
    says: 'one side of the bilinear rule left out',
    rejectedBy: ['definition', 'derivative'],
    program: byOtherRule(['a', 'b'], 'bilinear', 'euler'),
  },
  {
    mode: 'whole',
    name: 'steps-shared',
    says: "every channel takes the first one's step",
    rejectedBy: ['definition', 'permutes'],
    program: (inputs, settings, run) => {
      const { delta } = inputs;
      return run({ ...inputs, delta: broadcast(slice(delta, 0, 0, 1), delta.shape) }, settings);
    },
  },
  {
    mode: 'channelwise',
    name: 'step-detached',
    says: 'no gradient reaches Δ',
    rejectedBy: ['modes', 'derivative'],
    program: (inputs, settings, run) => run({ ...inputs, delta: stopGradient(inputs.delta) }, settings),
  },
  {
    mode: 'whole',
    name: 'step-missing-in-input',
    says: 'B̄ = φ₁(ΔA) B, without Δ',
    rejectedBy: ['definition', 'derivative'],
    program: ({ delta, ...inputs }, settings, run) => {
      const stretched = mapValues(stripped(inputs, 'b'), (x) => div(x, reshape(delta, [delta.shape[0]!, 1])));
      const withoutStep = Object.fromEntries(Object.entries(stretched).map(([name, x]) => [`b${name}`, x]));
      return run({ ...inputs, delta, ...withoutStep }, settings);
    },
  },
]);
