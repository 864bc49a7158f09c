/** @file Lists the kernel rules of all primitives; TypeScript reports a missing one. */
import { elementwise } from './elementwise.ts';
import { movement } from './movement.ts';
import { reductions } from './reductions.ts';
import { rows } from './rows.ts';
import type { Rule, Rules } from './rule.ts';
import { sequences } from './sequences.ts';

/** Rule of primitives that change neither the elements nor their order. */
const same: Rule<unknown> = (_fuser, [x]) => x!.numbers;

export const rules: Rules = {
  ...elementwise,
  ...movement,
  ...reductions,
  ...rows,
  ...sequences,
  reshape: same,
  site: same,
  stored: same,
  stopGradient: same,
};
