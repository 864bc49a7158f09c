/** @file The law of equal elements: programs of one algebra agree exactly where nothing is rounded. */
import type { Case } from '../case.ts';
import { exactly, type Numbers, worse } from '../compare.ts';
import type { Law } from '../law.ts';
import type { Form, Operator } from '../operator.ts';
import { elementsOf } from '../tolerance.ts';

/** The elements of a form. Where it `loses` everything, as by ∞ − ∞, it is not right, and nothing is compared. */
function elementsOfForm({ program, loses }: Form, c: Case, expected: Numbers): Numbers {
  const found = elementsOf(program, c);
  if (loses === undefined) return found;
  return Object.fromEntries(
    Object.entries(found).map(([name, x]) => [
      name,
      x.map((value, i) => (Number.isNaN(value) ? expected[name]![i]! : value)),
    ]),
  );
}

const formsOf = ({ forms }: Operator, mode: string): readonly Form[] => Object.values(forms?.[mode] ?? {});

/** The mode that a mode must equal: the reference mode, or itself where modes are different functions. */
const equalTo = ({ reference, modesAgree }: Operator, mode: string, { settings }: Case): string =>
  modesAgree(settings) ? reference : mode;

/** All modes and forms compute equal elements of a finite field. */
export const elements: Law = {
  name: 'elements',
  statement:
    'in a finite field, where nothing is rounded: every mode has exactly the outputs, final states and gradients of the reference mode, and every form those of its mode',
  concerns: ({ apart, forms }) => apart === undefined || forms !== undefined,
  applies: (operator, mode, c) =>
    operator.admits(c.settings, mode) && (mode !== equalTo(operator, mode, c) || formsOf(operator, mode).length > 0),
  check({ operator, mode, program }, c) {
    const expected = elementsOf(operator.modes[equalTo(operator, mode, c)]!, c);
    const verdict = exactly(elementsOf(program, c), expected);
    // a fault is one program; a mode stands for its forms too
    if (program !== operator.modes[mode]) return verdict;
    return formsOf(operator, mode)
      .filter(({ agrees }) => agrees?.(c) ?? true)
      .map((form) => exactly(elementsOfForm(form, c, expected), expected))
      .reduce(worse, verdict);
  },
};
