import { zerosLike } from '../../tensor/operand.ts';
import { stopGradient } from '../../tensor/primitives/stop-gradient.ts';
import type { Value } from '../../tensor/value.ts';
import type { Fault } from '../fault.ts';
import { mapValues } from '../named.ts';
import { degradation } from '../operators/degradation.ts';
import { tokenBefore } from '../operators/shared/token-before.ts';
import type { Named } from '../program.ts';
import { around } from './misled.ts';

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

export const ssmPartFaults: readonly Fault[] = [...stackFaults] as readonly Fault[];
