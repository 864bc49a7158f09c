import { expect, it } from 'vitest';
import { rowModes } from '../../src/oracle/batches/rows.ts';
import { faultsIn } from '../../src/oracle/frozen/caught.ts';
import { operatorOf } from '../../src/oracle/frozen/choose.ts';
import { operators } from '../../src/oracle/operators/index.ts';

it.each(operators.map((operator) => [operator.name, operator] as const))(
  'faults of %s have names of their own in each mode',
  (_name, operator) => {
    for (const row of rowModes(operator)) {
      const at = operatorOf({ operator, mode: row });
      const names = faultsIn(at.operator, at.mode).map(({ name }) => name);
      expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
    }
  },
);
