/** @file npx tsx test/foreign.ts: correct programs of other shapes than ours on many cases, on all cores. Every alarm is false. */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bothRatios, medianOf, type Ratios } from '../src/oracle/check/verdict/ratios.ts';
import { checkNames, countIn, domainIn } from './support/asked.ts';
import { arithmetics, type ProfileName } from './support/foreign/arithmetic.ts';
import { foreign } from './support/foreign/index.ts';
import { type Alarm, operatorOf, sizeOfCase, tryMode } from './support/foreign/trial.ts';

const usage = `npx tsx test/foreign.ts [--profile F32,F64,…] [--operator NAME] [--mode NAME] [--program TEXT] [--arithmetic NAME]
  [--cases 1000] [--longest 33] [--seed 1] [--workers N] [--domain JSON: as a backend declares it] [--list: names the programs] [--rotate: each case in one arithmetic, in turn] [--alarms: only rows with alarms or coarser profiles]
profiles: ${Object.keys(arithmetics).join(', ')}`;

const { values: options } = parseArgs({
  options: {
    help: { type: 'boolean' },
    list: { type: 'boolean' },
    alarms: { type: 'boolean' },
    rotate: { type: 'boolean', default: false },
    cases: { type: 'string', default: '1000' },
    longest: { type: 'string', default: '33' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: `${availableParallelism()}` },
    operator: { type: 'string' },
    mode: { type: 'string' },
    program: { type: 'string' },
    domain: { type: 'string' },
    arithmetic: { type: 'string' },
    profile: { type: 'string', default: 'F32' },
  },
});

checkNames('profile', options.profile.split(','), Object.keys(arithmetics));
for (const what of ['operator', 'mode'] as const) {
  const known = [...new Set(foreign.flatMap(({ operator, modes }) => (what === 'operator' ? [operator] : modes)))];
  checkNames(what, options[what] === undefined ? [] : [options[what]], known);
}
for (const what of ['cases', 'longest', 'seed', 'workers'] as const) countIn(`--${what}`, options[what]);
const domain = options.domain === undefined ? undefined : domainIn('--domain', options.domain);

/** The most cases of one job. Longer runs have several jobs a row, with other seeds. */
const casesAJob = 500;

/** Some cases of an operator in a mode, at a profile. */
interface Job {
  readonly profile: ProfileName;
  readonly operator: string;
  readonly mode: string;
  readonly cases: number;
  readonly seed: number;
}

/** What a job found about a program in an arithmetic. */
interface Row {
  readonly program: string;
  readonly arithmetic: string;
  readonly loses: boolean;
  readonly cases: number;
  readonly alarms: number;
  readonly coarser: number;
  readonly ratios: Ratios;
  readonly smallest: { readonly numbers: number; readonly text: string } | null;
}

const programs = foreign.filter(
  ({ name, operator, modes }) =>
    (options.operator === undefined || operator === options.operator) &&
    (options.mode === undefined || modes.includes(options.mode)) &&
    (options.program === undefined || name.includes(options.program)),
);

const jobs: Job[] = (options.profile.split(',') as ProfileName[]).flatMap((profile) =>
  [...new Set(programs.map(({ operator }) => operator))].flatMap((operator) =>
    Object.keys(operatorOf(operator).modes)
      .filter((mode) => options.mode === undefined || mode === options.mode)
      .filter((mode) => programs.some((program) => program.operator === operator && program.modes.includes(mode)))
      .flatMap((mode) => {
        const count = Math.ceil(Number(options.cases) / casesAJob);
        return Array.from({ length: count }, (_, i): Job => {
          const cases = Math.min(casesAJob, Number(options.cases) - i * casesAJob);
          return { profile, operator, mode, cases, seed: Number(options.seed) + 1009 * i };
        });
      }),
  ),
);

/** The inputs of a small case are shown, of a larger one only their shapes. */
const shownNumbers = 24;

function textOf({ c, judgement }: Alarm): string {
  const tensors = { ...c.inputs, ...Object.fromEntries(Object.entries(c.cotangents).map(([of, x]) => [`d ${of}`, x])) };
  const shown = sizeOfCase(c) <= shownNumbers;
  const lines = judgement.mismatches.map(({ message, worst }) => `${message}, by ${worst?.by}`);
  const shapes = Object.entries(tensors).map(
    ([of, { shape, data }]) => `${of} [${shape}]${shown ? ` = ${[...data].join(' ')}` : ''}`,
  );
  return [...lines, `seed ${c.seed}, ${c.values}, ${JSON.stringify(c.settings)}, ${shapes.join(', ')}`]
    .map((line) => `\n        ${line}`)
    .join('');
}

function run({ profile, operator, mode, cases, seed }: Job): Row[] {
  const chosen = arithmetics[profile].filter(
    ({ name }) => options.arithmetic === undefined || name === options.arithmetic,
  );
  const trial = {
    programs,
    arithmetics: chosen,
    profile,
    cases,
    longest: Number(options.longest),
    seed,
    rotates: options.rotate,
    domain,
  };
  return tryMode(trial, operatorOf(operator), mode).map(({ program, arithmetic, smallest, ...counts }) => ({
    program: program.name,
    arithmetic: arithmetic.name,
    loses: program.loses !== undefined,
    ...counts,
    smallest: smallest && { numbers: sizeOfCase(smallest.c), text: textOf(smallest) },
  }));
}

const both = (x: Row, y: Row): Row => ({
  ...x,
  cases: x.cases + y.cases,
  alarms: x.alarms + y.alarms,
  coarser: x.coarser + y.coarser,
  ratios: bothRatios(x.ratios, y.ratios),
  smallest:
    x.smallest === null || (y.smallest !== null && y.smallest.numbers < x.smallest.numbers) ? y.smallest : x.smallest,
});

const percent = (x: number): string => `${(100 * x).toPrecision(2)} %`.padStart(10);

function show(
  { operator, mode }: Job,
  { program, arithmetic, loses, cases, alarms, coarser, ratios, smallest }: Row,
): string {
  const verdict = cases === 0 ? 'no case' : alarms === 0 ? 'right' : loses ? 'loses' : 'ALARM';
  const row = [verdict.padEnd(7), operator.padEnd(25), mode.padEnd(11), program.padEnd(42), arithmetic.padEnd(13)];
  const numbers = [cases, alarms, coarser].map((count) => `${count}`.padStart(8));
  const counts = [...numbers, percent(ratios.max), percent(medianOf(ratios))];
  return `${[...row, ...counts].join(' ')}${smallest?.text ?? ''}`;
}

if (options.help) {
  console.log(usage);
} else if (options.list) {
  for (const { operator, modes, name, says, loses } of programs) {
    console.log(
      `${operator.padEnd(26)}${name.padEnd(43)}${modes.join(', ')}: ${says}${loses ? `; loses ${loses}` : ''}`,
    );
  }
} else if (process.send !== undefined) {
  process.on('message', (at: number) => process.send!({ at, rows: run(jobs[at]!) }));
} else {
  console.log(
    `${'verdict'.padEnd(8)}${'operator'.padEnd(26)}${'mode'.padEnd(12)}${'program'.padEnd(43)}${'arithmetic'.padEnd(14)}   cases   alarms  coarser      worst    median`,
  );
  const answers = new Map<number, readonly Row[]>();
  let [next, alarms, cases, failed] = [0, 0, 0, false];
  const nameOf = ({ profile, operator, mode }: Job): string => `${profile} ${operator} ${mode}`;
  const report = (name: string): void => {
    const own = jobs.flatMap((job, at) => (nameOf(job) === name ? [at] : []));
    if (!own.every((at) => answers.has(at))) return;
    const all = own.map((at) => answers.get(at)!);
    for (const [i, first] of all[0]!.entries()) {
      const row = all.slice(1).reduce((sum, rows) => both(sum, rows[i]!), first);
      cases += row.cases;
      if (!row.loses) alarms += row.alarms;
      if (!options.alarms || row.alarms > 0 || row.coarser > 0) console.log(show(jobs[own[0]!]!, row));
    }
  };
  for (let i = 0; i < Math.min(Number(options.workers), jobs.length); i++) {
    const worker = fork(fileURLToPath(import.meta.url), process.argv.slice(2), { serialization: 'advanced' });
    const give = (): void => {
      if (next < jobs.length) worker.send(next++);
      else worker.disconnect();
    };
    worker.on('message', ({ at, rows }: { readonly at: number; readonly rows: readonly Row[] }) => {
      answers.set(at, rows);
      report(nameOf(jobs[at]!));
      give();
    });
    worker.on('exit', (code) => {
      failed ||= code !== 0;
    });
    give();
  }
  process.on('exit', () => {
    const seconds = process.uptime().toFixed(0);
    console.log(`${alarms} false alarms in ${cases} answers; ${seconds} s${failed ? '; A WORKER FAILED' : ''}`);
    if (cases === 0) console.error('error: nothing was tried; --list names the programs');
    process.exitCode = alarms === 0 && cases > 0 && !failed ? 0 : 1;
  });
}
