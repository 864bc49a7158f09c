/** @file Lists the settings of a case under other readings of the paper. */
import { openReadings } from '../../../../../spec/readings.ts';
import type { Settings } from '../../../case.ts';
import type { Operator } from '../../../operator.ts';

/** A case's settings with one reading changed. */
export interface OtherReading {
  readonly name: string;
  readonly declared: string;
  readonly other: string;
  readonly settings: Settings;
}

type Fields = Readonly<Record<string, unknown>>;

const isRecord = (x: unknown): x is Fields => typeof x === 'object' && x !== null && !Array.isArray(x);

/** Yields the records of settings that may hold readings: the settings themselves, `readings`, `config` and `config.readings`. */
function* recordsIn(settings: Fields, rebuild: (changed: Fields) => Settings): Generator<[Fields, typeof rebuild]> {
  yield [settings, rebuild];
  for (const field of ['config', 'readings']) {
    const inner = settings[field];
    if (isRecord(inner)) yield* recordsIn(inner, (changed) => rebuild({ ...settings, [field]: changed }));
  }
}

/** Changes each reading in the settings to each of its alternatives. Keeps the results that the mode admits. */
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
