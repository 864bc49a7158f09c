/** @file Wrong selective transitions and fusions of one layer (Eqs. 10, 11, 15–18, 21–24). */
import { silu } from '../../nn/activations.ts';
import { denseFusion, fuseByAddition } from '../../nn/dense-fusion.ts';
import { linear } from '../../nn/linear.ts';
import { rmsNorm } from '../../nn/norms.ts';
import { gate, project } from '../../nn/selective-transition.ts';
import { add } from '../../tensor/primitives/add.ts';
import { broadcast } from '../../tensor/primitives/broadcast.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { pad } from '../../tensor/primitives/pad.ts';
import { scale } from '../../tensor/primitives/scale.ts';
import { sigmoid } from '../../tensor/primitives/sigmoid.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { stopGradient } from '../../tensor/primitives/stop-gradient.ts';
import { transpose } from '../../tensor/primitives/transpose.ts';
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

const gateParams = (inputs: Named): { down: Value; up: Value } => ({
  down: inputs['param.down']!,
  up: inputs['param.up']!,
});

const oneEquation: readonly Fault[] = [
  fault('project', 'map-transposed', 'applies Wᵀ instead of W', ['definition', 'derivative', 'dyadic'], (inputs) => {
    const map = inputs['param.projection'];
    return { projected: project(inputs.h!, map && transpose(map, [1, 0])) };
  }),
  fault('project', 'map-biased', 'adds a bias', ['definition', 'linear'], (inputs) => ({
    projected: add(project(inputs.h!, inputs['param.projection']), 2 ** -20),
  })),
  fault(
    'gate',
    'one-silu-missing',
    'no activation after the hidden layer',
    ['definition', 'derivative'],
    (inputs, { activation }) => {
      const { down, up } = gateParams(inputs);
      const logits = linear(linear(inputs.x!, down), up);
      return { g: activation === 'silu' ? silu(logits) : logits };
    },
  ),
  fault('gate', 'sigmoid-for-silu', 'a sigmoid gate', ['definition', 'derivative'], (inputs) => {
    const { down, up } = gateParams(inputs);
    return { g: sigmoid(linear(silu(linear(inputs.x!, down)), up)) };
  }),
  fault<{ activation: 'silu' | 'none' }>(
    'gate',
    'gate-detached',
    'no gradient passes the gate',
    ['derivative'],
    (inputs, { activation }) => ({ g: stopGradient(gate(inputs.x!, gateParams(inputs), activation)) }),
  ),
  fault('select', 'added-not-multiplied', 'h + g instead of h ⊙ g', ['definition', 'linear', 'dyadic'], (inputs) => ({
    selected: add(inputs.projected!, inputs.g!),
  })),
  fault(
    'select',
    'gate-of-first-sequence',
    "every sequence is gated by the first one's gate",
    ['definition', 'permutes'],
    (inputs) => ({ selected: mul(inputs.projected!, broadcast(slice(inputs.g!, 0, 0, 1), inputs.g!.shape)) }),
  ),
  fault('fuseByAddition', 'averaged', 'the mean instead of the sum', ['definition', 'dyadic'], (inputs) => {
    const selected = under(inputs, 'selected.');
    return { fused: scale(fuseByAddition(inputs.h!, selected), 1 / (1 + selected.length)) };
  }),
  fault(
    'fuseByAddition',
    'next-token-fused',
    'reads the first source one token ahead',
    ['definition', 'causal'],
    (inputs) => {
      const [first, ...rest] = under(inputs, 'selected.');
      if (first === undefined) return { fused: inputs.h! };
      const ahead = pad(slice(first, 1, 1, first.shape[1]!), 1, 0, 1);
      return { fused: fuseByAddition(inputs.h!, [ahead, ...rest]) };
    },
  ),
];

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
  ...oneEquation,
  ...[denseKeys, denseValues, collect].flatMap(collecting),
  ...[fusedKeys, fusedValues, inject].flatMap(fusing),
];
