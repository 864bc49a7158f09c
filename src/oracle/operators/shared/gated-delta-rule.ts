/** @file Declares what delta rules with gates share: where gates come from, groups of heads, and forms of products of decays. */
import * as fc from 'fast-check';
import { given } from '../../../../spec/notation.ts';
import { chunkProducts, deltaRuleInChunks } from '../../../nn/delta-rule/chunkwise.ts';
import { boundedGates, rawGates } from '../../../nn/delta-rule/gates.ts';
import type { DeltaRule } from '../../../nn/delta-rule/inputs.ts';
import type { Value } from '../../../tensor/value.ts';
import { among, gateDetails, groupedHeads } from '../../draw.ts';
import { byCumulatedLogarithms } from '../../forms/cumulated-logarithms.ts';
import { withDeltaGateDifferences } from '../../forms/delta-gate-gradients.ts';
import type { Details } from '../../layout.ts';
import type { Form, Size } from '../../operator.ts';
import type { InputsOf, OutputsOf } from '../../signature-types.ts';
import {
  chunkOfKernel,
  type DeltaRuleSettings,
  deltaRuleDraws,
  deltaRuleLaws,
  hasLengths,
  inOwnChunks,
  queriesAndKeys,
} from './delta-rule.ts';

/**
 * What the input `gate` is: the logarithm of the decay; a raw number, which `−exp(aLog) softplus(gate + gateBias)` makes one; or a raw
 * number for `lowerBound σ(exp(aLog) (gate + gateBias))`.
 */
export type GateSource = 'log_decay' | 'raw' | 'raw_lower_bound';

/** Settings of a delta rule with gates. */
export type GatedDeltaSettings = DeltaRuleSettings & { readonly gate: GateSource; readonly lowerBound?: number };

/** Groups of heads share queries and keys. */
export const groups = { g: 'h' } as const;

/** What the declarations of delta rules with gates have in common. */
export const ofGatedDeltaRules = {
  chapter: 'spec/delta-rule.ts',
  evidence: ['T'],
  groups,
  says: { chunkwise: 'products of decays in chunks of the given size' },
  reference: 'recurrent',
  isSmooth: hasLengths,
  laws: deltaRuleLaws,
} as const;

/** The inputs, as both operators have them. */
interface Inputs {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
  readonly beta: Value;
  readonly gate: Value;
  readonly aLog?: Value;
  readonly gateBias?: Value;
  readonly state: Value;
}

/** Runs a delta rule on normed and scaled queries, and gates from their source. */
export const runGated = (
  rule: DeltaRule,
  { aLog, gateBias, state, ...inputs }: Inputs,
  settings: GatedDeltaSettings,
): { output: Value; state: Value } => {
  const raw = () => ({ aLog: given(aLog, 'aLog'), gateBias });
  const gate = {
    log_decay: () => inputs.gate,
    raw: () => rawGates(inputs.gate, raw()),
    raw_lower_bound: () => boundedGates(inputs.gate, raw(), given(settings.lowerBound, 'lowerBound')),
  }[settings.gate]();
  return { ...rule(queriesAndKeys({ ...inputs, gate }, settings), state) };
};

/** Draws the settings and lengths of a delta rule with gates from some sources. */
export const gatedDraws = (size: Size, ...sources: readonly GateSource[]) => ({
  ...deltaRuleDraws(size),
  heads: groupedHeads(size),
  gate: size.exact ? fc.constant<GateSource>('log_decay') : among<GateSource>(size, 'gate', ...sources),
  hasBias: among(size, 'gateBias', true, false),
});

/** Details of the inputs of gates. Parameters are of order 1, as exp of a wide number overflows; with small rates decays last. */
export const gatedDetails = (size: Size, gate: GateSource, hasBias: boolean): Readonly<Record<string, Details>> =>
  gate === 'log_decay'
    ? { gate: gateDetails(size) }
    : {
        gate: {},
        aLog: { powers: 0, spread: 0.5, ...(size.lasting && { centre: -Math.log(size.longest) }) },
        ...(hasBias && { gateBias: { powers: 0 } }),
      };

/** Gates cumulated within each chunk. */
const cumulatedInChunks = deltaRuleInChunks('gatesCumulatedInChunks', {
  ...chunkProducts,
  of: (gate) => gate,
  neutral: 0,
  left: (gates) => byCumulatedLogarithms(gates, 2),
});

const cumulatedInOwnChunks: DeltaRule = (one, state) => cumulatedInChunks(chunkOfKernel(one.v.shape[2]!))(one, state);

const differences =
  'the gradient of gates as a reversed cumulative sum of q·dq + k·dk where keys read − k·dk where they are written';
const losesBesideOthers = 'in the gradient of a gate that is small beside the terms of its token or of later ones';

const loses = 'after a gate of −∞ (∞ − ∞), and where gates are so large that their rounding outweighs the others';

/** The form that kernels in chunks have, as a delta rule. */
export const gateDifferences = {
  says: `exponentials of differences of gates, cumulated within each chunk; ${differences}`,
  loses: losesBesideOthers,
  rule: (chunkSize: number): DeltaRule => withDeltaGateDifferences(cumulatedInChunks(chunkSize)),
};

/** The forms of chunkwise mode. */
export const gatedDeltaForms = <Text extends string, S extends GatedDeltaSettings>(
  run: (rule: DeltaRule, inputs: InputsOf<Text, Value>, settings: S) => OutputsOf<Text, Value>,
): Readonly<Record<string, Form<S, Text>>> => ({
  ownChunks: inOwnChunks<Text, S>(run),
  gatesCumulatedInChunks: {
    says: 'exponentials of differences of gates, cumulated within each chunk',
    loses,
    program: (inputs, settings) => run(cumulatedInChunks(settings.chunkSize), inputs, settings),
  },
  gatesCumulatedInOwnChunks: {
    says: 'exponentials of differences of gates, cumulated within chunks of 64 tokens',
    loses,
    program: (inputs, settings) => run(cumulatedInOwnChunks, inputs, settings),
  },
  gateDifferences: {
    says: gateDifferences.says,
    loses: gateDifferences.loses,
    program: (inputs, settings) => run(gateDifferences.rule(settings.chunkSize), inputs, settings),
  },
  gateDifferencesInOwnChunks: {
    says: `exponentials of differences of gates, cumulated within chunks of 64 tokens; ${differences}`,
    loses: losesBesideOthers,
    program: (inputs, settings) => run(withDeltaGateDifferences(cumulatedInOwnChunks), inputs, settings),
  },
});
