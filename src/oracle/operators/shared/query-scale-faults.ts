/** @file Adds the faults that the factor of queries may have to an operator's other faults. */
import { sub } from '../../../tensor/ops.ts';
import { add } from '../../../tensor/primitives/add.ts';
import { scale as multiplied } from '../../../tensor/primitives/scale.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import type { Value } from '../../../tensor/value.ts';
import type { Settings } from '../../case.ts';
import type { Wrong } from '../../fault.ts';
import type { Operator } from '../../operator.ts';
import type { Named } from '../../program.ts';
import { type QueryScale, scaledQueries } from './query-scale.ts';

/** A key whose gradient is divided by a factor. */
const lessInGradient = (k: Value, factor: number): Value => {
  const part = multiplied(k, 1 / factor);
  return add(part, stopGradient(sub(k, part)));
};

/** The faults of the factor in parallel mode. */
function faultsOfScale<S extends Settings & QueryScale, Text extends string>(exact: boolean): Wrong<S, Text>[] {
  const rejectedBy = ['definition', 'modes', ...(exact ? ['dyadic'] : [])];
  const changing =
    (change: (inputs: { readonly q: Value; readonly k: Value }, scale: number) => Named): Wrong<S, Text>['program'] =>
    (inputs, settings, run) => {
      const given = inputs as Named & { readonly q: Value; readonly k: Value };
      return run({ ...given, ...change(given, settings.scale ?? 1) }, settings);
    };
  return [
    {
      mode: 'parallel',
      name: 'scale-missing',
      says: 'queries are not multiplied by the scale',
      rejectedBy,
      program: (inputs, { scale: _, ...settings }, run) => run(inputs as Named, settings as S),
    },
    {
      mode: 'parallel',
      name: 'scale-twice',
      says: 'the scale multiplies queries, and their products with keys again',
      rejectedBy,
      program: changing(({ q }, scale) => ({ q: multiplied(q, scale) })),
    },
    {
      mode: 'parallel',
      name: 'keys-scaled-too',
      says: 'keys are scaled as queries are, so that the state is too',
      rejectedBy,
      program: changing(({ k }, scale) => ({ k: multiplied(k, scale) })),
    },
    {
      mode: 'parallel',
      name: 'gradient-of-keys-unscaled',
      says: 'forward exact, but the gradient of keys lacks the scale',
      rejectedBy: ['modes', 'derivative'],
      program: changing(({ k }, scale) => ({ k: lessInGradient(k, scale) })),
    },
  ];
}

/** Faults beside the factor: their programs get queries that have it already, and settings without it. */
export const onScaledQueries = <S extends Settings & QueryScale, Text extends string>(
  _operator: Operator<S, Text>,
  wrong: readonly Wrong<S, Text>[],
): Wrong<S, Text>[] =>
  wrong.map(({ program, ...description }) => ({
    ...description,
    program: (inputs, { scale, ...settings }, run) => {
      const scaled = scaledQueries(inputs as typeof inputs & { readonly q: Value }, { scale });
      return program(scaled, settings as S, run);
    },
  }));

/** The faults of the factor, and others beside it. */
export const withFaultsOfScale = <S extends Settings & QueryScale, Text extends string>(
  operator: Operator<S, Text>,
  wrong: readonly Wrong<S, Text>[],
): Wrong<S, Text>[] => [...faultsOfScale<S, Text>(operator.laws.exact === true), ...onScaledQueries(operator, wrong)];
