/** @file The factor of queries as a setting: draws it, and multiplies queries by it. */
import * as fc from 'fast-check';
import { type Matrix, scale as scaledVector } from '../../../../spec/notation.ts';
import { scale as multiplied } from '../../../tensor/primitives/scale.ts';
import type { Value } from '../../../tensor/value.ts';
import type { Layout, Settings } from '../../case.ts';
import { queryScales } from '../../draw.ts';
import type { Size } from '../../operator.ts';

/** The factor of the queries; 1 where it is absent. */
export type QueryScale = { readonly scale?: number | undefined };

/** The inputs, with queries multiplied by their factor. */
export const scaledQueries = <X extends { readonly q: Value }>(inputs: X, { scale }: QueryScale): X =>
  scale === undefined ? inputs : { ...inputs, q: multiplied(inputs.q, scale) };

/** The same for the definition: the queries of one head. */
export const definedQueries = (q: Matrix, { scale }: QueryScale): Matrix =>
  scale === undefined ? q : q.map((row) => scaledVector(scale, row));

/** Adds a factor of the queries to drawn layouts, unless the size leaves it out. */
export const withQueryScale = <S extends Settings>(
  size: Size,
  layouts: fc.Arbitrary<Layout<S>>,
): fc.Arbitrary<Layout<S & QueryScale>> =>
  size.without?.includes('scale')
    ? layouts
    : fc.tuple(layouts, queryScales(size)).map(([layout, scale]) => ({
        ...layout,
        settings: { ...layout.settings, scale: scale(layout.inputs.q!.shape.at(-1)!) },
      }));
