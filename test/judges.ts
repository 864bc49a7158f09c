/**
 * @file npm run test:judges -- [type …]: all faults and all correct programs of other shapes under the rules of other judges and ours,
 * on the same cases. It prints the table of docs/judges.md.
 */
import { checkNames } from './support/asked.ts';
import { distributions, head, judgedTypes, rowsOf } from './support/judges/table.ts';

const asked = process.argv.slice(2);
checkNames('type', asked, judgedTypes);
for (const name of Object.keys(distributions)) {
  console.log(`${name}\n${head.join(' | ')}`);
  for (const dtype of judgedTypes.filter((one) => asked.length === 0 || asked.includes(one)))
    for (const row of rowsOf(dtype, name)) console.log(row.join(' | '));
}
