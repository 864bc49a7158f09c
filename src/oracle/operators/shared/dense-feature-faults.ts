/** @file Faults shared by all collections and fusions of shallow features (Eqs. 10, 11, 21–24). */
import { denseFusion, fuseByAddition } from '../../../nn/dense-fusion.ts';
import { pad } from '../../../tensor/primitives/pad.ts';
import { slice } from '../../../tensor/primitives/slice.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import type { Value } from '../../../tensor/value.ts';
import { type Fault, faultsOf } from '../../fault.ts';
import { mapValues, under } from '../../named.ts';
import type { Operator } from '../../operator.ts';
import type { Named } from '../../program.ts';
import { alone, type collectingSignature, type FusionSettings, type fusingSignature } from './dense-features.ts';

const isSource = (name: string): boolean => name.startsWith('source.');

const withSources = (inputs: Named, change: (x: Value) => Value): Named =>
  mapValues(inputs, (x, name) => (isSource(name) ? change(x) : x));

/** Reverses the order of the sources, so that layer 0 comes last. */
function reversed(inputs: Named): Named {
  const sources = under(inputs, 'source.').reverse();
  return { ...inputs, ...Object.fromEntries(sources.map((x, l) => [`source.${l}`, x])) };
}

const earlier = (x: Value): Value => pad(slice(x, 1, 0, x.shape[1]! - 1), 1, 1, 0);

/** Makes the faults of a collection. */
export const collectingFaults = (operator: Operator<FusionSettings, typeof collectingSignature>): Fault[] =>
  faultsOf(operator, [
    {
      mode: 'whole',
      name: 'sources-reversed',
      says: 'the nearest layer last',
      rejectedBy: ['definition', 'derivative'],
      program: (inputs, settings, run) => run(reversed(inputs), settings),
    },
    {
      mode: 'tokenwise',
      name: 'previous-token-collected',
      says: 'reads the sources at t − 1',
      rejectedBy: ['definition', 'modes'],
      program: (inputs, settings, run) => run(withSources(inputs, earlier), settings),
    },
    {
      mode: 'whole',
      name: 'sources-detached',
      says: 'no gradient reaches the shallow layers',
      rejectedBy: ['derivative'],
      program: (inputs, settings, run) => run(withSources(inputs, stopGradient), settings),
    },
  ]);

/** Makes the faults of a fusion. */
export const fusingFaults = (operator: Operator<FusionSettings, typeof fusingSignature>): Fault[] =>
  faultsOf(operator, [
    {
      mode: 'whole',
      name: 'norm-left-out',
      says: 'fused features are not normed',
      rejectedBy: ['definition', 'derivative'],
      program: ({ 'param.norm': _, ...inputs }, settings, run) => run(inputs, settings),
    },
    {
      mode: 'whole',
      name: 'norm-before-fusion',
      says: 'the own feature is normed instead of the fused one',
      rejectedBy: ['definition'],
      program: ({ 'param.norm': norm, own, ...inputs }, settings, run) =>
        run({ ...inputs, own: alone(own, norm, settings.epsilon) }, settings),
    },
    {
      mode: 'whole',
      name: 'gates-open',
      says: 'shallow features are added as they are',
      rejectedBy: ['definition', 'reduces'],
      program: ({ own, x, 'param.norm': norm, ...inputs }, { epsilon, readings, denseLayers }) => {
        const sources = under(inputs, 'source.').slice(-Math.max(1, denseLayers));
        const fused = fuseByAddition(own, denseLayers === 0 ? [] : sources);
        return { fused: denseFusion(fused, [], x, { norm }, { activation: readings.gateActivation, epsilon }) };
      },
    },
  ]);
