/** @file npx tsx test/foreign.ts: correct programs of other shapes than ours on many cases. Every alarm is false. */
import { parseArgs } from 'node:util';
import type { Dtype } from '../src/oracle/backends/backend.ts';
import { medianOf } from '../src/oracle/check/ratios.ts';
import { arithmetics, type ProfileName } from './support/foreign/arithmetic.ts';
import { foreign } from './support/foreign/index.ts';
import { operatorOf, sizeOfCase, type Tried, tryMode } from './support/foreign/trial.ts';

const { values: options } = parseArgs({
  options: {
    help: { type: 'boolean' },
    cases: { type: 'string', default: '1000' },
    longest: { type: 'string', default: '33' },
    seed: { type: 'string', default: '1' },
    operator: { type: 'string' },
    mode: { type: 'string' },
    program: { type: 'string' },
    arithmetic: { type: 'string' },
    profile: { type: 'string', default: 'F32' },
  },
});

if (options.help) {
  console.log(
    'npx tsx test/foreign.ts [--profile F32,F64] [--operator NAME] [--mode NAME] [--program TEXT] [--arithmetic NAME] [--cases 1000] [--longest 33] [--seed 1]',
  );
  process.exit(0);
}

const programs = foreign.filter(
  ({ name, operator, modes }) =>
    (options.operator === undefined || operator === options.operator) &&
    (options.mode === undefined || modes.includes(options.mode)) &&
    (options.program === undefined || name.includes(options.program)),
);
const profiles = options.profile.toUpperCase().split(',') as (ProfileName & Dtype)[];

const show = ({ program, arithmetic, cases, alarms, ratios, smallest }: Tried, mode: string): string => {
  const { operator, name, loses } = program;
  const percent = (x: number): string => `${(100 * x).toPrecision(2)} %`.padStart(10);
  const verdict = cases === 0 ? 'no case' : alarms === 0 ? 'right' : loses === undefined ? 'ALARM' : 'loses';
  const row = `${verdict.padEnd(8)}${operator.padEnd(26)}${mode.padEnd(12)}${name.padEnd(42)}${arithmetic.name.padEnd(14)}${`${cases}`.padStart(7)}${`${alarms}`.padStart(8)}${percent(ratios.max)}${percent(medianOf(ratios))}`;
  if (smallest === null) return row;
  const { c, judgement } = smallest;
  const message = judgement.mismatches.map((mismatch) => mismatch.message).join('\n        ');
  const tensors = { ...c.inputs, ...Object.fromEntries(Object.entries(c.cotangents).map(([of, x]) => [`d ${of}`, x])) };
  const shapes = Object.entries(tensors).map(
    ([of, { shape, data }]) => `${of} [${shape}]${sizeOfCase(c) <= 24 ? ` = ${[...data].join(' ')}` : ''}`,
  );
  return `${row}\n        ${message}\n        seed ${c.seed}, ${c.values}, ${JSON.stringify(c.settings)}, ${shapes.join(', ')}`;
};

let alarms = 0;
console.log(
  `${'verdict'.padEnd(8)}${'operator'.padEnd(26)}${'mode'.padEnd(12)}${'program'.padEnd(42)}${'arithmetic'.padEnd(14)}  cases  alarms     worst    median`,
);
for (const dtype of profiles) {
  const trial = {
    programs,
    arithmetics: arithmetics[dtype].filter(
      ({ name }) => options.arithmetic === undefined || name === options.arithmetic,
    ),
    dtype,
    cases: Number(options.cases),
    longest: Number(options.longest),
    seed: Number(options.seed),
  };
  for (const name of new Set(programs.map(({ operator }) => operator))) {
    const operator = operatorOf(name);
    for (const mode of Object.keys(operator.modes)) {
      if (options.mode !== undefined && mode !== options.mode) continue;
      for (const one of tryMode(trial, operator, mode)) {
        console.log(show(one, mode));
        if (one.program.loses === undefined) alarms += one.alarms;
      }
    }
  }
}
console.log(`${alarms} false alarms`);
process.exitCode = alarms === 0 ? 0 : 1;
