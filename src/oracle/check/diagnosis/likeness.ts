/** @file Compares a wrong answer with other readings and known faults, and reports those that fit. */
import { bounded, boundOf } from '../../../executors/bounded/index.ts';
import { f64 } from '../../../executors/f64/index.ts';
import { read } from '../../../tensor/input.ts';
import type { Executor, Value } from '../../../tensor/value.ts';
import { faultsOn } from '../../batches/faults.ts';
import type { Case, Settings } from '../../case.ts';
import { isRight, type Numbers, within } from '../../compare.ts';
import type { Fault } from '../../fault.ts';
import type { Operator } from '../../operator.ts';
import { asAnswered, evaluate, type Program } from '../../program.ts';
import type { Allowed } from '../verdict/allowed.ts';
import { otherReadings } from './contrast/other-readings.ts';

/** Computes a program's outputs and gradients, named as in answers. */
const numbersOn = (on: Executor, program: Program, c: Case, of: (x: Value) => Float64Array): Numbers =>
  Object.fromEntries(Object.entries(asAnswered(evaluate(program, c, on))).map(([name, x]) => [name, of(x)]));

/** Keeps the tensors that the answer has. */
const answeredOf = (all: Numbers, answered: Numbers): Numbers =>
  Object.fromEntries(Object.entries(all).filter(([name]) => name in answered));

/** The first words of the hints that a reading or a known fault explains a finding. */
export const [ofReading, ofFault] = ['fits the reading', 'looks like the fault'];

/** Whether a text says that an answer is that of a reading or a known fault. */
export const isLikeness = (says: string): boolean => says.startsWith(ofReading) || says.startsWith(ofFault);

/** The factor on bounds: an answer fits a wrong program if it is within this many times the bound. */
const generous = 8;

/** A wrong answer, and what is right. */
export interface Wrong {
  readonly c: Case;
  readonly answered: Numbers;
  readonly allowed: Allowed;
}

/**
 * Writes a sentence for each likeness of a wrong answer. Readings and known faults fit if they give the same numbers, and near those that
 * others answer too. With `known`, only the faults of these sentences are tried.
 */
export function likenesses(
  operator: Operator,
  mode: string,
  own: Wrong,
  others: readonly Wrong[],
  rightCases: readonly Case[],
  known?: ReadonlySet<string>,
): string[] {
  const program = operator.modes[mode]!;
  const { c, answered } = own;
  const agrees = (other: Program, one: Wrong, settings: Settings, mustDiffer: boolean): boolean => {
    const { tensors, profile } = one.allowed;
    const right = answeredOf(numbersOn(f64, program, one.c, read), one.answered);
    const allowed = orThousandth(right, (name, i) => generous * (tensors[name]?.bounds[i] ?? 0));
    const changed = { ...one.c, settings };
    const wrong = attempt(() => answeredOf(numbersOn(f64, other, changed, read), one.answered));
    // the wrong program must differ from the right one on this case, and equal the answer
    if (wrong === null || (mustDiffer && isRight(within(wrong, right, allowed)))) return false;
    // wrong numbers may be larger than the right ones and so have larger rounding errors
    const errors = attempt(() => numbersOn(bounded(profile) as Executor, other, changed, boundOf));
    if (errors === null) return false;
    const rounds = orThousandth(wrong, (name, i) => generous * (errors[name]?.[i] ?? 0));
    return isRight(within(one.answered, wrong, rounds));
  };
  const fits = (other: Program, reread: (settings: Settings) => Settings | null = (settings) => settings): boolean => {
    const asked = (one: Wrong, mustDiffer: boolean): boolean => {
      const settings = reread(one.c.settings);
      return settings === null ? !mustDiffer : agrees(other, one, settings, mustDiffer);
    };
    return asked(own, true) && others.every((one) => asked(one, false));
  };
  // a fault that would be wrong where the answer was right is another one
  const isRightOn = (other: Program, reread: Reread): boolean =>
    rightCases.every((one) => {
      const [its, mine] = [other, program].map((of) =>
        attempt(() =>
          answeredOf(
            numbersOn(f64, of, of === other ? { ...one, settings: reread(one.settings) } : one, read),
            answered,
          ),
        ),
      );
      return (
        !its ||
        !mine ||
        isRight(
          within(
            its,
            mine,
            orThousandth(mine, () => Number.POSITIVE_INFINITY),
          ),
        )
      );
    });
  const readings = (known === undefined ? otherReadings(operator, mode, c.settings) : []).filter(
    ({ name, declared, other }) =>
      fits(
        program,
        (settings) =>
          otherReadings(operator, mode, settings).find(
            (one) => one.name === name && one.declared === declared && one.other === other,
          )?.settings ?? null,
      ),
  );
  const isAlike = ({ program: other }: Fault, reread: Reread): boolean =>
    fits(other, reread) && isRightOn(other, reread);
  const isTried = ({ name }: Fault): boolean =>
    known === undefined || [...known].some((says) => says.startsWith(`${ofFault} '${name}'`));
  const alike = faultsOn(operator)
    .filter(isTried)
    .flatMap((fault) => {
      if (isAlike(fault, (settings) => settings)) return [{ ...fault, where: '' }];
      const [size, ...more] = ownChunks(fault, mode, c).filter((chunkSize) =>
        isAlike(fault, (settings) => ({ ...settings, chunkSize })),
      );
      if (size === undefined) return [];
      return [{ ...fault, where: more.length === 0 ? ` in chunks of ${size}` : ' in chunks of its own' }];
    });
  return [
    ...readings.map(({ name, declared, other }) => `${ofReading} ${name} '${other}', where '${declared}' is declared`),
    ...alike.map(({ name, says, where }) => `${ofFault} '${name}'${where}: ${says}`),
  ];
}

/** Changes settings. */
type Reread = (settings: Settings) => Settings;

/** Chunks that kernels have, whichever are asked. */
const kernelChunks = [16, 32, 64, 128];

/** The chunks of their own in which programs of a mode may have a fault. */
const ownChunks = (fault: Fault, mode: string, { settings }: Case): readonly number[] =>
  mode === 'chunkwise' && fault.mode === mode && typeof settings.chunkSize === 'number' ? kernelChunks : [];

/** Replaces an allowance that is not finite by a thousandth of the tensor's largest number. */
function orThousandth(
  numbers: Numbers,
  allowed: (name: string, i: number) => number,
): (name: string, i: number) => number {
  const sizes = Object.fromEntries(
    Object.entries(numbers).map(([name, data]) => [name, data.reduce((most, x) => Math.max(most, Math.abs(x)), 0)]),
  );
  return (name, i) => {
    const bound = allowed(name, i);
    return Number.isFinite(bound) ? bound : sizes[name]! / 1000;
  };
}

/** Returns null if `f` throws: some faults cannot run on every case. */
function attempt<T>(f: () => T): T | null {
  try {
    return f();
  } catch {
    return null;
  }
}
