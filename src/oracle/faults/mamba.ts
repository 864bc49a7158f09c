/** @file Wrong Mambas: parts taken for one another, states that are lost or are something else. */
import type { MambaConfig } from '../../models/mamba-config.ts';
import { silu } from '../../nn/activations.ts';
import { zerosLike } from '../../tensor/operand.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { scale } from '../../tensor/primitives/scale.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { stopGradient } from '../../tensor/primitives/stop-gradient.ts';
import type { Value } from '../../tensor/value.ts';
import type { Fault } from '../fault.ts';
import { mapValues } from '../named.ts';
import type { ModelSettings } from '../operators/language-models.ts';
import { mambaOperator } from '../operators/mamba.ts';
import type { Named } from '../program.ts';

type Settings = ModelSettings<MambaConfig>;

/** A fault that runs Mamba on other inputs, or gives its outputs otherwise. */
const fault = (
  mode: string,
  name: string,
  says: string,
  rejectedBy: readonly string[],
  change: {
    readonly inputs?: (inputs: Named, settings: Settings) => Named;
    readonly outputs?: (outputs: Named, inputs: Named) => Named;
  },
): Fault<Settings> => ({
  operator: mambaOperator.name,
  mode,
  name,
  says,
  rejectedBy,
  program: (inputs, settings) => {
    const outputs = mambaOperator.modes[mode]!(change.inputs?.(inputs, settings) ?? inputs, settings);
    return change.outputs?.(outputs, inputs) ?? outputs;
  },
});

/** The inputs with those of a name's ending changed. */
const ending =
  (name: string, change: (x: Value, settings: Settings) => Value) =>
  (inputs: Named, settings: Settings): Named =>
    mapValues(inputs, (x, path) => (path.endsWith(name) ? change(x, settings) : x));

const zeroed = (x: Value): Value => zerosLike(x);

/** Two runs of rows exchanged: those before `at`, and as many from there on. */
const exchanged = (x: Value, start: number, length: number): Value => {
  const part = (from: number, to: number): Value => slice(x, 0, from, to);
  const [first, second] = [part(start, start + length), part(start + length, start + 2 * length)];
  return concat([part(0, start), second, first, part(start + 2 * length, x.shape[0]!)], 0);
};

export const mambaFaults: readonly Fault<Settings>[] = [
  fault(
    'recurrent',
    'bias-missing-in-step',
    'the step of one token forgets the bias of δ',
    ['definition', 'derivative'],
    {
      inputs: ending('.deltaBias', zeroed),
    },
  ),
  fault(
    'parallel',
    'x-and-z-exchanged',
    'the first half of the projection gates',
    ['definition', 'modes', 'derivative'],
    {
      inputs: ending('.input', (x) => exchanged(x, 0, x.shape[0]! / 2)),
    },
  ),
  fault('parallel', 'b-and-c-exchanged', 'C is read before B', ['definition', 'modes', 'derivative'], {
    inputs: ending('.selection', (x, { config }) => exchanged(x, config.deltaRank, config.stateSize)),
  }),
  fault('parallel', 'skip-missing', 'D is left out', ['definition', 'modes', 'derivative'], {
    inputs: ending('.skip', zeroed),
  }),
  fault('parallel', 'a-halved', 'decays are half as fast', ['definition', 'modes'], {
    inputs: ending('.aLog', (x) => scale(x, 0.5)),
  }),
  fault(
    'chunkwise',
    'filled-cache-ignored',
    'a call of several tokens starts the scan from zero whatever it is given',
    ['definition', 'modes', 'chunks', 'resumable'],
    {
      inputs: (inputs, settings) => (inputs.tokens!.shape[1] === 1 ? inputs : ending('.ssm', zeroed)(inputs, settings)),
    },
  ),
  fault('parallel', 'window-ignored', 'the convolution starts from zeros', ['definition', 'modes', 'resumable'], {
    inputs: ending('.conv', zeroed),
  }),
  fault(
    'parallel',
    'window-activated',
    'the window that is handed over has been through silu',
    ['definition', 'modes', 'resumable', 'decoding'],
    { outputs: (outputs) => mapValues(outputs, (x, name) => (name.endsWith('.conv') ? silu(x) : x)) },
  ),
  fault(
    'chunkwise',
    'state-not-handed-over',
    'the prefill gives back the state that it was given',
    ['definition', 'modes', 'chunks', 'resumable', 'decoding'],
    {
      outputs: (outputs, inputs) =>
        mapValues(outputs, (x, name) => (name.endsWith('.ssm') ? (inputs[name] ?? zerosLike(x)) : x)),
    },
  ),
  fault('parallel', 'state-detached', 'no gradient through the hand-off', ['modes', 'derivative', 'resumable'], {
    inputs: (inputs) => mapValues(inputs, (x, name) => (name.startsWith('state.') ? stopGradient(x) : x)),
  }),
];
