/**
 * @file npm run test:bounds -- [profile …]: how sharp the bounds are. It prints a row of the table in docs/tolerances.md for each
 * profile, by default for all; then each fault that escapes, each low median, and where a planted error is accepted.
 */
import { profiles } from '../src/executors/profiles/profile.ts';
import { checkNames } from './support/asked.ts';
import { inScope } from './support/sharpness/escapes.ts';
import { head, measured } from './support/sharpness/table.ts';

const asked = process.argv.slice(2);
checkNames('profile', asked, Object.keys(profiles));
const chosen = Object.values(profiles).filter(({ name }) => asked.length === 0 || asked.includes(name));

console.log(`${inScope.length} faults\n\n${head.join(' | ')}`);
const notes = chosen.flatMap((profile) => {
  const own = measured(profile);
  console.log(own.row.join(' | '));
  return own.notes;
});
for (const note of notes) console.log(note);
