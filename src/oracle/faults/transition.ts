import { denseFusion, fuseByAddition } from '../../nn/dense-fusion.ts';
import { rmsNorm } from '../../nn/norms.ts';
import { pad } from '../../tensor/primitives/pad.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { stopGradient } from '../../tensor/primitives/stop-gradient.ts';
import type { Value } from '../../tensor/value.ts';
import type { Settings } from '../case.ts';
import type { Fault } from '../fault.ts';
import { mapValues, under } from '../named.ts';
import type { Operator } from '../operator.ts';
import { denseKeys, denseValues, type FusionSettings, fusedKeys, fusedValues } from '../operators/dense-features.ts';
import { collect, inject } from '../operators/dense-ssm.ts';
import type { Named } from '../program.ts';

const fault = <S extends Settings>(
  operator: string,
  name: string,
  says: string,
  rejectedBy: readonly string[],
  program: (inputs: Named, settings: S) => Named,
  mode = 'whole',
): Fault<S> => ({ operator, mode, name, says, rejectedBy, program });

/** The sources with another name each: layer l becomes layer `order(l, count)`. */
const renamed = (inputs: Named, order: (l: number, count: number) => number): Named => {
  const sources = under(inputs, 'source.');
  const others = Object.fromEntries(sources.map((_, l) => [`source.${l}`, sources[order(l, sources.length)]!]));
  return { ...inputs, ...others };
};

/** A program that runs the operator itself on other inputs. */
const onOthers =
  (operator: Operator<FusionSettings>, change: (inputs: Named) => Named, mode = 'whole') =>
  (inputs: Named, settings: FusionSettings): Named =>
    operator.modes[mode]!(change(inputs), settings);

const earlier = (x: Value): Value => pad(slice(x, 1, 0, x.shape[1]! - 1), 1, 1, 0);

const collecting = (operator: Operator<FusionSettings>): readonly Fault<FusionSettings>[] => [
  fault(
    operator.name,
    'sources-reversed',
    'the nearest layer last',
    ['definition', 'derivative'],
    onOthers(operator, (inputs) => renamed(inputs, (l, count) => count - 1 - l)),
  ),
  fault(
    operator.name,
    'previous-token-collected',
    'reads the sources at t − 1',
    ['definition', 'modes'],
    onOthers(
      operator,
      (inputs) => mapValues(inputs, (x, name) => (name.startsWith('source.') ? earlier(x) : x)),
      'tokenwise',
    ),
    'tokenwise',
  ),
  fault(
    operator.name,
    'sources-detached',
    'no gradient reaches the shallow layers',
    ['derivative'],
    onOthers(operator, (inputs) => mapValues(inputs, (x, name) => (name.startsWith('source.') ? stopGradient(x) : x))),
  ),
];

const fusing = (operator: Operator<FusionSettings>): readonly Fault<FusionSettings>[] => [
  fault<FusionSettings>(
    operator.name,
    'norm-left-out',
    'fused features are not normed',
    ['definition', 'derivative'],
    (inputs, settings) =>
      operator.modes.whole!(
        Object.fromEntries(Object.entries(inputs).filter(([name]) => name !== 'param.norm')),
        settings,
      ),
  ),
  fault<FusionSettings>(
    operator.name,
    'norm-before-fusion',
    'the own feature is normed instead of the fused one',
    ['definition'],
    (inputs, settings) => {
      const { 'param.norm': norm, ...rest } = inputs;
      const own = norm === undefined ? inputs.own! : rmsNorm(inputs.own!, norm, settings.epsilon);
      return operator.modes.whole!({ ...rest, own }, settings);
    },
  ),
  fault<FusionSettings>(
    operator.name,
    'gates-open',
    'shallow features are added as they are',
    ['definition', 'reduces'],
    (inputs, { epsilon, readings, denseLayers }) => {
      const sources = under(inputs, 'source.').slice(-Math.max(1, denseLayers));
      const fused = fuseByAddition(inputs.own!, denseLayers === 0 ? [] : sources);
      const params = { norm: inputs['param.norm'] };
      return { fused: denseFusion(fused, [], inputs.x!, params, { activation: readings.gateActivation, epsilon }) };
    },
  ),
];

export const transitionFaults: readonly Fault[] = [
  ...[denseKeys, denseValues, collect].flatMap(collecting),
  ...[fusedKeys, fusedValues, inject].flatMap(fusing),
];
