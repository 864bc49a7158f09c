/** @file The kernel rules; the compiler finds a missing one. */
import { elementwise } from './elementwise.ts';
import { movement } from './movement.ts';
import { reductions } from './reductions.ts';
import { rows } from './rows.ts';
import type { Rule, Rules } from './rule.ts';
import { sequences } from './sequences.ts';

/** The numbers as they are: their order is the same, and nothing changes them. */
const same: Rule<unknown> = (_tracer, [x]) => x!.numbers;

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
