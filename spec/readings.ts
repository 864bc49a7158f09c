/** @file Lists the open readings: the passages of the paper with more than one interpretation. */
import type { Evidence } from './evidence.ts';

/** One open reading. */
export interface OpenReading {
  /** Name of the option in a configuration. */
  readonly name: string;
  readonly readings: readonly string[];
  /** The reading of a configuration that does not set this option. */
  readonly default: string;
  /** The reading of the released code, if it is not the default. */
  readonly authors?: string;
  /** The sources of `reason`. Empty: the choice is ours. */
  readonly evidence: readonly Evidence[];
  /** The question that the paper leaves open, and the reason for the default. */
  readonly reason: string;
  /** The models with this option: fused keys and values (DenseRetNet), fused states (DenseMamba), both, or the Transformer baseline. */
  readonly concerns: 'keys-and-values' | 'states' | 'both' | 'baseline';
}

const table = [
  {
    name: 'carry',
    readings: ['raw', 'fused'],
    default: 'raw',
    evidence: ['F', 'S', 'R'],
    concerns: 'states',
    reason:
      'The state carried to t+1. Raw: h, before fusion; the output reads the fused state h′ (Fig. 1b). Fused: h′ (Fig. 1a read ' +
      'literally). The two panels disagree. We believe raw, and cannot prove it: Eqs. 12-14 sum over x alone, and fuse after the ' +
      'sum. Outputs are equal at the first token.',
  },
  {
    name: 'pass',
    readings: ['raw', 'fused'],
    default: 'raw',
    evidence: ['C'],
    concerns: 'both',
    reason:
      'Deeper layers receive a feature as it is before its own fusion, as in the released code (of keys and values), or after it.',
  },
  {
    name: 'projection',
    readings: ['linear', 'identity'],
    default: 'linear',
    authors: 'identity',
    evidence: ['N', 'S', 'C'],
    concerns: 'both',
    reason:
      'Proj of Eq. 15. Two descriptions of the paper say that it is linear: a map for each source. The released code has ' +
      'no map, which makes it the identity.',
  },
  {
    name: 'gate',
    readings: ['shared', 'perLayer'],
    default: 'shared',
    evidence: ['C', 'N'],
    concerns: 'both',
    reason: 'One gate for all the shallow layers that a layer reads, or one for each of them.',
  },
  {
    name: 'gateActivation',
    readings: ['silu', 'none'],
    default: 'silu',
    evidence: ['C'],
    concerns: 'both',
    reason: 'SiLU is applied to the output of the gate too, as in the released code, or only inside its MLP.',
  },
  {
    name: 'fusion',
    readings: ['add', 'concat', 'attention'],
    default: 'add',
    evidence: ['C', 'N'],
    concerns: 'both',
    reason: 'Eq. 18 adds; concatenation and cross-attention are named without formulas: 18-dense-fusion.ts has ours.',
  },
  {
    name: 'fusedNorm',
    readings: ['rms', 'none'],
    default: 'none',
    authors: 'rms',
    evidence: ['C'],
    concerns: 'keys-and-values',
    reason:
      'RMS norm of the fused keys and values over all channels, before the split into heads. The equations have none; ' +
      'the released code has it in every layer but the first, even with m = 0.',
  },
  {
    name: 'firstLayer',
    readings: ['plain', 'normed'],
    default: 'plain',
    evidence: ['C'],
    concerns: 'keys-and-values',
    reason: 'Layer 0 has nothing to fuse. In the released code it has no norm of fused features either.',
  },
  {
    name: 'retentionNorm',
    readings: ['none', 'decay', 'torchscale'],
    default: 'none',
    authors: 'torchscale',
    evidence: ['C'],
    concerns: 'keys-and-values',
    reason:
      'The normalisation of retention before the group norm. The equations have none; the released parallel mode divides by ' +
      'a clamped row sum (torchscale), its one-token mode by a running scale only (decay).',
  },
  {
    name: 'gateInput',
    readings: ['normed', 'u'],
    default: 'normed',
    evidence: [],
    concerns: 'states',
    reason:
      "The paper says Gate(x_t^l) and no more: x is the block's normed input, or the SSM's input u after the convolution.",
  },
  {
    name: 'gateWidth',
    readings: ['channel', 'state', 'full'],
    default: 'channel',
    evidence: [],
    concerns: 'states',
    reason:
      'The state is channels × states: a gate per channel, per state, or per entry. Per channel is the shape of the ' +
      "released code's value gate.",
  },
  {
    name: 'projectionWidth',
    readings: ['state', 'channel'],
    default: 'state',
    evidence: [],
    concerns: 'states',
    reason: 'A linear projection maps the N states of a channel (shared by the channels), or the channels of a state.',
  },
  {
    name: 'stateNorm',
    readings: ['none', 'rms'],
    default: 'none',
    evidence: [],
    concerns: 'states',
    reason:
      'An RMS norm of a fused state over all its numbers, as the released code norms fused keys and values, or no norm.',
  },
  {
    name: 'earlyLayers',
    readings: ['available'],
    default: 'available',
    evidence: ['C'],
    concerns: 'both',
    reason: 'A layer l < m has fewer than m layers below it: it uses those min(l, m).',
  },
  {
    name: 'rotationPhase',
    readings: ['p', 'p-1'],
    default: 'p',
    authors: 'p-1',
    evidence: ['C'],
    concerns: 'keys-and-values',
    reason:
      'The released one-token mode rotates token p by p-1, its parallel mode by p. Outputs agree; stored states do not.',
  },
  {
    name: 'scoreScaling',
    readings: ['none', 'rootKeyWidth'],
    default: 'none',
    authors: 'rootKeyWidth',
    evidence: ['C'],
    concerns: 'baseline',
    reason: "The division of scores by √d. Eq. 1 as noted has none; the released code's Transformer baseline has it.",
  },
  {
    name: 'ffnActivation',
    readings: ['silu', 'gelu'],
    default: 'silu',
    evidence: [],
    concerns: 'baseline',
    reason: 'Eq. 2 as noted names its activation σ and no more. Every other gate here has SiLU.',
  },
  {
    name: 'rotaryPairs',
    readings: ['halves', 'neighbours'],
    default: 'halves',
    evidence: [],
    concerns: 'baseline',
    reason:
      'The pairs of channels that a rotation of the Transformer mixes: j and j + d/2, or 2j and 2j + 1. The two are one ' +
      'function after a permutation of the rows of W_q and W_k.',
  },
] as const satisfies readonly OpenReading[];

/** The names of the open readings. */
export type ReadingName = (typeof table)[number]['name'];

/** The readings of an option: `Reading<'pass'>` is `'raw' | 'fused'`. */
export type Reading<N extends ReadingName> = Extract<(typeof table)[number], { name: N }>['readings'][number];

/** Every open reading, in the order of the paper's questions. */
export const openReadings: readonly OpenReading[] = table;
