/**
 * @file npm run test:profiles -- [cases] [profile …]: implementations at each profile within its bounds, and beyond those of the next
 * finer one.
 *
 * It spreads the cases (100,000 by default) over the profiles, by default all, and over the modes of operators, with a row for each profile.
 */
import * as fc from 'fast-check';
import { profiles } from '../src/executors/profiles/profile.ts';
import { operators } from '../src/oracle/operators/index.ts';
import { checkNames, countIn } from './support/asked.ts';
import { casesOf, largest, tryProgram } from './support/bounded-trial.ts';
import { firstRejected, steps } from './support/finer-profiles.ts';

const wanted = countIn('the number of cases', process.argv[2] ?? '100000');
const modes = operators.flatMap((operator) => Object.keys(operator.modes).map((mode) => ({ operator, mode })));
const names = process.argv.slice(3);
checkNames('profile', names, Object.keys(profiles));
const isAsked = (name: string): boolean => names.length === 0 || names.includes(name);
const all = Object.values(profiles).filter(({ name }) => isAsked(name));
const perMode = Math.ceil(wanted / (all.length * modes.length));

let total = 0;
let wrong = 0;
for (const profile of all) {
  const start = performance.now();
  let worst = { ratio: 0, where: '' };
  for (const [at, { operator, mode }] of modes.entries()) {
    for (const c of fc.sample(casesOf(operator, mode, 8, profile), { numRuns: perMode, seed: at + 1 })) {
      for (const [name, found] of tryProgram(operator.modes[mode]!, c, profile, c.seed)) {
        const ratio = largest(found);
        const where = `${operator.name} ${mode} ${name}`;
        if (ratio > worst.ratio) worst = { ratio, where };
        if (ratio <= 1) continue;
        wrong++;
        console.log(
          `WRONG  ${profile.name} ${where}: ${ratio} of the bound; seed ${c.seed}, settings ${JSON.stringify(c.settings)}`,
        );
      }
    }
  }
  const count = perMode * modes.length;
  total += count;
  console.log(
    `${profile.name}  ${count} cases  worst ${worst.ratio.toPrecision(3)} of the bound, ${worst.where}  ${((performance.now() - start) / 1000).toFixed(0)} s`,
  );
}

for (const { profile, finer, operators } of steps) {
  if (!isAsked(profile.name)) continue;
  const found = operators.map((operator) => {
    const rejected = firstRejected(operator, { profile, finer }, 1000, 1);
    if (rejected === null) wrong++;
    return `${operator.name} ${rejected === null ? 'NEVER' : `at ${rejected.at}, ${rejected.ratio.toPrecision(2)} of it`}`;
  });
  console.log(`${profile.name} beyond the bounds of ${finer.name}: ${found.join('; ')}`);
}
console.log(`${total} cases, ${wrong} wrong`);
process.exitCode = wrong === 0 ? 0 : 1;
