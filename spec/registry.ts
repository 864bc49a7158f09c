/** @file Lists the numbered equations in order. Each record is in its chapter, below the definition. */
import { equation1 } from './01-attention.ts';
import { equation2 } from './02-feed-forward.ts';
import { equation3, equation4 } from './03-continuous-ssm.ts';
import { equation5, equation6 } from './05-discrete-recurrence.ts';
import { equation7, equation8 } from './07-convolution.ts';
import { equation9 } from './09-degradation.ts';
import { equation10, equation11 } from './10-dense-hidden.ts';
import { equation12, equation13, equation14 } from './12-dense-convolution.ts';
import { equation15, equation16, equation17 } from './15-selective-transition.ts';
import { equation18 } from './18-dense-fusion.ts';
import { equation19, equation20 } from './19-retention.ts';
import { equation21, equation22, equation23, equation24 } from './21-dense-keys-and-values.ts';
import { equation25 } from './25-dense-retention.ts';
import type { Equation } from './equation.ts';

/** Number of numbered equations. */
export const equationTotal = 25;

/** Equations 1 to 25, in order. */
export const equations: readonly Equation[] = [
  equation1,
  equation2,
  equation3,
  equation4,
  equation5,
  equation6,
  equation7,
  equation8,
  equation9,
  equation10,
  equation11,
  equation12,
  equation13,
  equation14,
  equation15,
  equation16,
  equation17,
  equation18,
  equation19,
  equation20,
  equation21,
  equation22,
  equation23,
  equation24,
  equation25,
];
