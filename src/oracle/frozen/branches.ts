/** @file Names what a case is about: options, states, lengths, masks, gradients. A branch of an operator is such a name. */
import { axisOf, isState, longestIn } from '../axes.ts';
import type { Case, Tensor } from '../case.ts';
import type { Operator } from '../operator.ts';

const isZeros = ({ data }: Tensor): boolean => data.every((x) => x === 0);

/** What a case says of some numbers: none of them, some, or all are zeros. */
const zerosAmong = (tensors: readonly Tensor[]): 'none' | 'some' | 'all' => {
  const count = tensors.filter(isZeros).length;
  return count === 0 ? 'none' : count === tensors.length ? 'all' : 'some';
};

/** The branches that a case takes, in the words of reports. The operator is that of the batch where sequences have unequal lengths. */
export function branchesOf(operator: Operator, { inputs, cotangents, settings }: Case): string[] {
  const states = Object.keys(inputs).filter((name) => isState(operator, name));
  const tokens = longestIn(operator, { inputs });
  return [
    ...ofSettings(settings),
    ...Object.keys(inputs).map((name) => `input ${name.replace(/\d+/g, '*')}`),
    ...(states.length === 0 ? [] : ofStates(zerosAmong(states.map((name) => inputs[name]!)))),
    ...ofTokens(operator, inputs, tokens),
    ...ofChunks(settings.chunkSize, tokens),
    ...ofLengths(settings.lengths),
    ...(hasReset(inputs) ? ['an input of −∞'] : []),
    ...ofCotangents(Object.values(cotangents)),
  ];
}

function ofSettings(settings: Case['settings']): string[] {
  const { position } = settings;
  const chosen = Object.entries(settings).flatMap(([name, value]) =>
    typeof value === 'boolean' || typeof value === 'string' ? [`${name} ${value}`] : [],
  );
  return typeof position === 'number' ? [...chosen, position === 0 ? 'position 0' : 'a later position'] : chosen;
}

const ofStates = (zeros: 'none' | 'some' | 'all'): string[] => [
  zeros === 'all' ? 'an initial state of zeros' : 'an initial state',
];

function ofTokens(operator: Operator, inputs: Case['inputs'], tokens: number): string[] {
  const has = (kind: 'time' | 'batch'): boolean =>
    Object.keys(inputs).some((name) => axisOf(operator, kind, 'inputs', name) !== undefined);
  const sequences = longestIn(operator, { inputs }, 'batch');
  return [
    ...(has('time') ? [tokens === 0 ? 'no token' : tokens === 1 ? 'one token' : 'several tokens'] : []),
    ...(has('batch') ? [sequences > 1 ? 'several sequences' : 'one sequence'] : []),
  ];
}

function ofChunks(size: unknown, tokens: number): string[] {
  if (typeof size !== 'number' || tokens === 0) return [];
  if (tokens <= size) return [tokens === size ? 'one whole chunk' : 'less than one chunk'];
  return [tokens % size === 0 ? 'whole chunks' : 'a ragged last chunk'];
}

function ofLengths(lengths: unknown): string[] {
  if (!Array.isArray(lengths)) return [];
  return [
    ...(lengths.includes(0) ? ['an empty sequence'] : []),
    ...(lengths.includes(1) ? ['a sequence of one token'] : []),
    ...(new Set(lengths).size > 1 ? ['unequal lengths'] : ['equal lengths']),
  ];
}

const hasReset = (inputs: Case['inputs']): boolean =>
  Object.values(inputs).some(({ data, kind }) => kind !== 'index' && data.includes(Number.NEGATIVE_INFINITY));

function ofCotangents(all: readonly Tensor[]): string[] {
  if (all.length === 0) return ['no gradients'];
  const zeros = zerosAmong(all);
  return [
    zeros === 'all' ? 'no gradients' : zeros === 'some' ? 'gradients of some outputs' : 'gradients of all outputs',
  ];
}
