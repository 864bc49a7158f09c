/** @file npm run test:full: 10,000 cases of every law × operator × mode, on all cores, with a row for each. */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { isRight } from '../src/oracle/compare.ts';
import { cases } from '../src/oracle/draw.ts';
import { laws } from '../src/oracle/laws/index.ts';
import { operators } from '../src/oracle/operators/index.ts';
import { tryLaw } from '../src/oracle/trial.ts';

const wanted = 10_000;

interface Row {
  readonly name: string;
  readonly cases: number;
  readonly ratio: number;
  readonly right: boolean;
  readonly where: string;
  readonly seconds: number;
}

// all laws, or the laws named on the command line
const asked = process.argv.slice(2);
const chosen = asked.length === 0 ? laws : laws.filter(({ name }) => asked.includes(name));

const combinations = chosen.flatMap((law) =>
  operators
    .filter((operator) => law.concerns(operator))
    .flatMap((operator) => Object.keys(operator.modes).map((mode) => ({ law, operator, mode }))),
);

/** Yields the items of a list and removes each one, so that memory cached on it can be freed. */
function* drain<T>(list: T[]): Generator<T> {
  for (let one = list.pop(); one !== undefined; one = list.pop()) yield one;
}

/** Runs one combination on `wanted` cases that the law covers. If the law covers none, the row has 0 cases. */
function runCombination(at: number): Row {
  const { law, operator, mode } = combinations[at]!;
  const start = performance.now();
  const arbitrary = cases(operator, { ...law.size, longest: 6 });
  const isCovered = fc.sample(arbitrary, { numRuns: 50, seed: 1 }).some((c) => law.applies(operator, mode, c));
  const drawn = isCovered
    ? fc.sample(
        arbitrary.filter((c) => law.applies(operator, mode, c)),
        { numRuns: wanted, seed: at + 1 },
      )
    : [];
  const { cases: count, verdict, failure } = tryLaw(law, operator, mode, drain(drawn));
  return {
    name: `${law.name} ${operator.name} ${mode}`,
    cases: count,
    ratio: verdict.ratio,
    right: isRight(verdict),
    where:
      failure === null
        ? ''
        : `${failure.verdict.where}; seed ${failure.c.seed}, settings ${JSON.stringify(failure.c.settings)}`,
    seconds: (performance.now() - start) / 1000,
  };
}

if (process.send !== undefined) {
  process.on('message', (at: number) => process.send!(runCombination(at)));
} else {
  let next = 0;
  let wrong = 0;
  let passed = 0;
  const workers = Array.from({ length: availableParallelism() }, () =>
    fork(fileURLToPath(import.meta.url), asked, { serialization: 'advanced' }),
  );
  const give = (worker: (typeof workers)[number]): void => {
    if (next < combinations.length) worker.send(next++);
    else worker.disconnect();
  };
  for (const worker of workers) {
    worker.on('message', (row: Row) => {
      if (row.cases === 0) console.log(`  --   ${row.name}  the law covers no case of this mode`);
      else {
        console.log(
          `${row.right ? 'right' : 'WRONG'}  ${row.name}  ${row.cases} cases  worst ${row.ratio.toPrecision(2)} of the bound  ${row.seconds.toFixed(2)} s  ${row.where}`,
        );
        if (row.right) passed++;
        else wrong++;
      }
      give(worker);
    });
    worker.on('exit', (code) => {
      if (code !== 0) wrong++;
    });
    give(worker);
  }
  process.on('exit', () => {
    console.log(`${passed} combinations right, ${wrong} wrong`);
    process.exitCode = wrong === 0 ? 0 : 1;
  });
}
