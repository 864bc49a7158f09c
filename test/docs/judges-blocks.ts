/** @file Generates the tables of what other judges accept, in minutes, and the list of their rules. */
import { rules } from '../support/judges/rules.ts';
import { distributions, head, judgedTypes, rowsOf } from '../support/judges/table.ts';
import { block, table } from './markdown.ts';

/** The makers of tables that take minutes. */
export const judgesMakers = {
  /** Two rows for each type, on a distribution of numbers. */
  async judges(name: string) {
    if (distributions[name] === undefined) throw new Error(`there is no distribution '${name}'`);
    return block(
      table(
        head,
        judgedTypes.flatMap((dtype) => rowsOf(dtype, name)),
      ),
    );
  },
};

/** The makers of the rest. */
export const rulesMakers = {
  /** The rule of each judge. */
  async rules() {
    const compares = (outputsOnly: boolean): string => (outputsOnly ? 'outputs, states' : 'outputs, states, gradients');
    const rows = rules.map(({ judge, says, outputsOnly }) => [judge, says, compares(outputsOnly)]);
    return block(table(['judge', 'accepts', 'compares'], rows));
  },
};
