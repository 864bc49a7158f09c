/** @file Lists every law, in reading order. */
import type { Law } from '../law.ts';
import { chunks, definition, dyadic, modes } from './agreement.ts';
import { associative, linear, permutes, reduces } from './algebra.ts';
import { packed, padded } from './batches.ts';
import { derivative } from './derivative.ts';
import { elements } from './elements.ts';
import { causal, decoding, resumable, shift } from './sequence.ts';

/** All laws, in reading order. */
export const laws: readonly Law[] = [
  definition,
  modes,
  elements,
  chunks,
  derivative,
  resumable,
  decoding,
  padded,
  packed,
  causal,
  shift,
  linear,
  associative,
  reduces,
  permutes,
  dyadic,
];
