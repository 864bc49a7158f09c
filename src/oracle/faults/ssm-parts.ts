/** @file What goes wrong beside state space models: discretisation, scans' combinations, stacks, the dense connection (Eqs. 3–5, 9, 14). */
import type { DiscretisationRule } from '../../nn/ssm/discretise.ts';
import { zerosLike } from '../../tensor/operand.ts';
import { div } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { broadcast } from '../../tensor/primitives/broadcast.ts';
import { pad } from '../../tensor/primitives/pad.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { stopGradient } from '../../tensor/primitives/stop-gradient.ts';
import { transpose } from '../../tensor/primitives/transpose.ts';
import type { Value } from '../../tensor/value.ts';
import type { Fault } from '../fault.ts';
import { mapValues, stripped } from '../named.ts';
import { combinations } from '../operators/combine.ts';
import { continuousSsm, type DiscretiseSettings, discretise as discretisation } from '../operators/continuous.ts';
import { degradation } from '../operators/degradation.ts';
import { type DenseSsmSettings, denseSsm as denseOperator } from '../operators/dense-ssm.ts';
import type { Named } from '../program.ts';
import { around } from './misled.ts';

const continuousFaults: readonly Fault[] = [
  around(
    continuousSsm,
    'whole',
    'matrix-transposed',
    'h A instead of A h',
    ['definition', 'derivative', 'dyadic'],
    (inputs, settings, run) => {
      const a = inputs['param.a']!;
      return run({ ...inputs, 'param.a': settings.form === 'matrix' ? transpose(a, [0, 2, 1]) : a }, settings);
    },
  ),
  around(
    continuousSsm,
    'tokenwise',
    'input-missing',
    'h′ = A h, without B x',
    ['definition', 'modes'],
    (inputs, settings, run) => run({ ...inputs, x: zerosLike(inputs.x!) }, settings),
  ),
];

const otherRule = (
  name: string,
  says: string,
  parts: readonly ('a' | 'b')[],
  declared: DiscretisationRule,
  used: DiscretisationRule,
): Fault<DiscretiseSettings> =>
  around(discretisation, 'whole', name, says, ['definition', 'derivative'], (inputs, settings, run) => {
    const genuine = run(inputs, settings);
    if (settings.rule !== declared) return genuine;
    const other = run(inputs, { ...settings, rule: used });
    return mapValues(genuine, (x, part) => (parts.some((one) => part.startsWith(one)) ? other[part]! : x));
  });

const discretisationFaults: readonly Fault<DiscretiseSettings>[] = [
  otherRule('input-by-euler', 'B̄ = ΔB where the zero-order hold is declared', ['b'], 'zeroOrderHold', 'euler'),
  otherRule('decay-by-euler', 'Ā = I + ΔA where the zero-order hold is declared', ['a'], 'zeroOrderHold', 'euler'),
  otherRule(
    'bilinear-for-held',
    'the bilinear rule where the zero-order hold is declared',
    ['a', 'b'],
    'zeroOrderHold',
    'bilinear',
  ),
  otherRule('euler-for-bilinear', 'one side of the bilinear rule left out', ['a', 'b'], 'bilinear', 'euler'),
  around(
    discretisation,
    'whole',
    'steps-shared',
    "every channel takes the first one's step",
    ['definition', 'permutes'],
    (inputs, settings, run) =>
      run({ ...inputs, delta: broadcast(slice(inputs.delta!, 0, 0, 1), inputs.delta!.shape) }, settings),
  ),
  around(
    discretisation,
    'channelwise',
    'step-detached',
    'no gradient reaches Δ',
    ['modes', 'derivative'],
    (inputs, settings, run) => run({ ...inputs, delta: stopGradient(inputs.delta!) }, settings),
  ),
  around(
    discretisation,
    'whole',
    'step-missing-in-input',
    'B̄ = φ₁(ΔA) B, without Δ',
    ['definition', 'derivative'],
    ({ delta, ...inputs }, settings, run) => {
      const stretched = mapValues(stripped(inputs, 'b'), (x) => div(x, reshape(delta!, [delta!.shape[0]!, 1])));
      const withoutStep = Object.fromEntries(Object.entries(stretched).map(([name, x]) => [`b${name}`, x]));
      return run({ ...inputs, delta: delta!, ...withoutStep }, settings);
    },
  ),
];

const combinationFaults: readonly Fault[] = combinations.flatMap((operator) => [
  around(
    operator,
    'whole',
    'decays-not-multiplied',
    'the later decay stands for both',
    ['definition', 'associative', 'derivative'],
    (inputs, settings, run) => ({
      ...run(inputs, settings),
      ...Object.fromEntries(Object.entries(stripped(inputs, 'right.')).filter(([name]) => name.startsWith('a'))),
    }),
  ),
  around(
    operator,
    'scanned',
    'operands-swapped',
    'the later step first',
    ['definition', 'modes'],
    (inputs, settings, run) =>
      run(
        Object.fromEntries(
          Object.entries(inputs).map(([name, x]) => [
            name.startsWith('left.') ? name.replace('left.', 'right.') : name.replace('right.', 'left.'),
            x,
          ]),
        ),
        settings,
      ),
  ),
]);

const tokenBefore = (x: Value): Value =>
  pad(slice(x, 1, 0, Math.max(0, x.shape[1]! - 1)), 1, Math.min(1, x.shape[1]!), 0);

const onlyLayers = (inputs: Named, change: (x: Value, name: string) => Value): Named =>
  mapValues(inputs, (x, name) => (name.startsWith('layers.') ? change(x, name) : x));

const stackFaults: readonly Fault[] = [
  around(
    degradation,
    'layered',
    'layers-run-late',
    'a layer reads the one below it at the token before',
    ['definition', 'modes', 'decoding'],
    (inputs, settings, run) => run({ ...inputs, bottom: tokenBefore(inputs.bottom!) }, settings),
  ),
  around(
    degradation,
    'recurrent',
    'memory-missing',
    'Ā h_{t−1} is left out of every layer',
    ['definition', 'resumable', 'derivative'],
    (inputs, settings, run) =>
      run(
        onlyLayers(inputs, (x, name) => (name.endsWith('.a') ? zerosLike(x) : x)),
        settings,
      ),
  ),
  around(
    degradation,
    'layered',
    'gradient-stops-at-blocks',
    'forward exact, but the blocks pass no gradient to the norm',
    ['modes', 'derivative'],
    (inputs, settings, run) =>
      run(
        onlyLayers(inputs, (x, name) => (name.endsWith('.norm') ? stopGradient(x) : x)),
        settings,
      ),
  ),
];

const sourcesOf = (inputs: Named, change: (x: Value) => Value): Named =>
  mapValues(inputs, (x, name) => (name.startsWith('selected.') ? change(x) : x));

const denseFaults: readonly Fault<DenseSsmSettings>[] = [
  around(
    denseOperator,
    'scan',
    'other-carry',
    'carries the fused state where the raw one is declared, and the other way round',
    ['definition', 'modes', 'resumable', 'dyadic'],
    (inputs, settings, run) => run(inputs, { ...settings, carry: settings.carry === 'raw' ? 'fused' : 'raw' }),
  ),
  around(
    denseOperator,
    'recurrent',
    'read-before-fusion',
    'the output does not see what was collected',
    ['definition', 'derivative'],
    (inputs, settings, run) => ({
      ...run(inputs, settings),
      output: run(
        sourcesOf(inputs, (x) => zerosLike(x)),
        settings,
      ).output!,
    }),
  ),
  around(
    denseOperator,
    'direct',
    'sources-one-token-late',
    'fuses what shallower layers had at t − 1',
    ['definition', 'modes', 'resumable'],
    (inputs, settings, run) => run(sourcesOf(inputs, tokenBefore), settings),
  ),
  around(
    denseOperator,
    'chunkwise',
    'fused-twice',
    'fuses once more where the carried state is fused already',
    ['definition', 'modes', 'chunks', 'dyadic'],
    (inputs, settings, run) => {
      const result = run(inputs, settings);
      if (settings.carry === 'raw') return result;
      // without inputs and states only what is collected is read
      const still = mapValues(inputs, (x, name) => (name === 'x' || name === 'state' ? zerosLike(x) : x));
      return { ...result, output: add(result.output!, run(still, { ...settings, carry: 'raw' }).output!) };
    },
  ),
  around(
    denseOperator,
    'logStep',
    'sources-detached',
    'no gradient reaches the shallow layers',
    ['modes', 'derivative'],
    (inputs, settings, run) => run(sourcesOf(inputs, stopGradient), settings),
  ),
  around(
    denseOperator,
    'chunkwise',
    'carry-of-first-chunk',
    'the fused state is forgotten at the end of the sequence',
    ['definition', 'modes', 'decoding'],
    (inputs, settings, run) => ({
      ...run(inputs, settings),
      state: run(
        sourcesOf(inputs, (x) => zerosLike(x)),
        settings,
      ).state!,
    }),
  ),
];

export const ssmPartFaults: readonly Fault[] = [
  ...continuousFaults,
  ...discretisationFaults,
  ...combinationFaults,
  ...stackFaults,
  ...denseFaults,
] as readonly Fault[];
