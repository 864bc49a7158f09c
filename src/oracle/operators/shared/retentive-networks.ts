/** @file Declares the signature and definition shared by RetNet and DenseRetNet, with every normalisation. */
import * as fc from 'fast-check';
import { retention as recurrence } from '../../../../spec/19-retention.ts';
import {
  decayNormalised,
  type Retain,
  retainBy,
  torchscaleChunkDivisors,
  torchscaleChunkwise,
  torchscaleDivisors,
  torchscaleParallel,
} from '../../../../spec/normalised-retention.ts';
import type { Matrix, Vector } from '../../../../spec/notation.ts';
import { rotate } from '../../../../spec/rotary.ts';
import type { RotationPhase } from '../../../nn/multi-head-retention.ts';
import type { RetentionNorm } from '../../../nn/retention/normalised.ts';
import type { Operator } from '../../operator.ts';
import { over } from '../../over.ts';
import { type AnyConfig, type ModelSettings, paramsIn } from './language-models.ts';

/** The signature of RetNet and DenseRetNet. */
export const retentiveSignature = 'tokens bt, param.embedding oi, param.**, state.* bhde -> logits bto, state.* bhde';

/** Draws the readings of retention that both networks have. */
export const retentionReadings: { readonly [R in keyof RetentionReadings]: fc.Arbitrary<RetentionReadings[R]> } = {
  retentionNorm: fc.constantFrom('none', 'decay', 'torchscale'),
  rotationPhase: fc.constantFrom('p', 'p-1'),
};

interface RetentionReadings {
  readonly retentionNorm: RetentionNorm;
  readonly rotationPhase: RotationPhase;
}

/** A scalar retention that accepts the divisors of its rows, and a function that computes the divisors, if it uses any. */
interface Division {
  readonly retain: (q: Matrix, k: Matrix, v: Matrix, gamma: number, divisors?: Vector) => Matrix;
  readonly divisors?: (q: Matrix, k: Matrix, v: Matrix, gamma: number) => Vector;
}

/** Returns the scalar retention of a normalisation in a mode. */
function retainIn(norm: RetentionNorm, mode: string, chunkSize: number): Division {
  if (norm === 'none') return { retain: (q, k, v, gamma) => retainBy.none(q, k, v, gamma) };
  if (norm === 'torchscale' && mode === 'parallel') {
    return { retain: torchscaleParallel, divisors: (q, k, _v, gamma) => torchscaleDivisors(q, k, gamma) };
  }
  if (norm === 'torchscale' && mode === 'chunkwise') {
    const chunkwise = torchscaleChunkwise(chunkSize);
    return {
      retain: (q, k, v, gamma, constants) => chunkwise(q, k, v, gamma, undefined, constants),
      divisors: torchscaleChunkDivisors(chunkSize),
    };
  }
  return { retain: (q, k, v, gamma) => decayNormalised(q, k, v, gamma) };
}

/** The scalar definition of a network, in its chapter's format. */
type Network<C> = (params: never, config: C, tokens: readonly number[], retain: Retain) => Matrix;

type Settings<C> = ModelSettings<C>;

/** Declares a network's definition from the first token on. Under torchscale's normalisation, each mode is another function. */
export function retentive<C extends AnyConfig & { readonly heads: number }>(
  network: Network<C>,
  readingsOf: (config: C) => RetentionReadings,
): Pick<Operator<Settings<C>>, 'definition' | 'defines' | 'modesAgree' | 'admits' | 'splits'> {
  const isTorchscale = ({ config }: Settings<C>): boolean => readingsOf(config).retentionNorm === 'torchscale';
  return {
    definition: over(
      'b',
      retentiveSignature,
      ({ tokens, ...inputs }, { config, chunkSize }: Settings<C>, { mode, frozen }) => {
        const { layers, heads } = config;
        const { retentionNorm, rotationPhase } = readingsOf(config);
        const { retain, divisors } = retainIn(retentionNorm, mode, chunkSize);
        const run = (at: typeof inputs, retained: Retain): Matrix =>
          network(paramsIn(at) as never, config, tokens, retained);
        // divisors and states come in the order of the calls: layer by layer, and head by head within a layer
        const constants: Vector[] = [];
        if (divisors !== undefined) {
          run(frozen, (q, k, v, gamma) => {
            const own = divisors(q, k, v, gamma);
            constants.push(own);
            return retain(q, k, v, gamma, own);
          });
        }
        const states: Matrix[] = [];
        const logits = run(inputs, (q, k, v, gamma) => {
          const stored = rotationPhase === 'p' ? k : k.map((row) => rotate(row, -1));
          const call = states.push(recurrence(q, stored, v, gamma).state) - 1;
          return retain(q, k, v, gamma, constants[call]);
        });
        const ofLayer = (l: number) => [`state.${l}`, states.slice(l * heads, (l + 1) * heads)] as const;
        return { logits, ...Object.fromEntries(Array.from({ length: layers }, (_, l) => ofLayer(l))) };
      },
    ),
    defines: ({ position }) => position === 0,
    modesAgree: (settings) => !isTorchscale(settings),
    admits: (settings, mode) => settings.position === 0 || mode !== 'parallel' || !isTorchscale(settings),
    splits: (settings, mode, s) => !isTorchscale(settings) || mode !== 'chunkwise' || s % settings.chunkSize === 0,
  };
}
