/** @file The kernel rules; the compiler finds a missing one. */
import { elementwise } from './elementwise.ts';
import { movement } from './movement.ts';
import { reductions } from './reductions.ts';
import { rows } from './rows.ts';
import type { Rule, Rules } from './rule.ts';
import { sequences } from './sequences.ts';

/** The numbers as they are: arrays have no gaps and are never changed, so they can be shared. */
const same: Rule<unknown> = (_launch, [x]) => x!.numbers;

export const rules: Rules = {
  ...elementwise,
  ...movement,
  ...reductions,
  ...rows,
  ...sequences,
  reshape: same,
  site: same,
  stopGradient: same,
};
