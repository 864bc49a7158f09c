/** @file Lists the settings of a case under other readings of the paper. */
import { openReadings } from '../../../spec/readings.ts';
import type { Settings } from '../case.ts';
import type { Operator } from '../operator.ts';

/** A case's settings with one reading changed. */
export interface OtherReading {
  readonly name: string;
  readonly declared: string;
  readonly other: string;
  readonly settings: Settings;
}

type Fields = Readonly<Record<string, unknown>>;

const isRecord = (x: unknown): x is Fields => typeof x === 'object' && x !== null && !Array.isArray(x);

/** The records of settings in which readings stand: the settings themselves, `readings`, `config` and `config.readings`. */
function* recordsIn(settings: Fields, rebuild: (changed: Fields) => Settings): Generator<[Fields, typeof rebuild]> {
  yield [settings, rebuild];
  for (const field of ['config', 'readings']) {
    const inner = settings[field];
    if (isRecord(inner)) yield* recordsIn(inner, (changed) => rebuild({ ...settings, [field]: changed }));
  }
}

/** Every reading that settings declare, changed to each of the others, where the operator has a right answer in this mode. */
export function otherReadings(operator: Operator, mode: string, settings: Settings): OtherReading[] {
  return [...recordsIn(settings, (changed) => changed)].flatMap(([fields, rebuild]) =>
    openReadings.flatMap(({ name, readings }) => {
      const declared = fields[name];
      if (typeof declared !== 'string' || !readings.includes(declared)) return [];
      return readings
        .filter((other) => other !== declared)
        .map((other) => ({ name, declared, other, settings: rebuild({ ...fields, [name]: other }) }))
        .filter((one) => operator.admits(one.settings, mode));
    }),
  );
}
