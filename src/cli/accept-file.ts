/** @file Reads a file of accepted failures, TOML or JSON: entries with an operator, modes, types, tensors, an explanation, a reason and a last day. */
import { isObject } from '../io/json.ts';
import { plain } from '../io/text.ts';
import { type Dtype, dtypes } from '../oracle/backends/backend.ts';
import { rowModes } from '../oracle/batches/rows.ts';
import { any, endings } from '../oracle/check/acceptance.ts';
import type { Acceptance } from '../oracle/check/acceptance-data.ts';
import { operators } from '../oracle/operators/index.ts';
import { termIn } from '../oracle/signature.ts';
import { parsedFile } from '../runs/config-file.ts';
import { checkedBy, oneOf, type Rule } from '../runs/setting-rules.ts';
import { fail } from '../tensor/errors.ts';
import { didYouMean } from '../tensor/names.ts';

/** An entry as it is written: of one row, or of several. */
interface Entry extends Omit<Acceptance, 'mode' | 'dtype'> {
  readonly mode: readonly string[];
  readonly type: readonly (Dtype | '*')[];
}

const isText = (x: unknown): boolean => typeof x === 'string' && x.trim() !== '';
const words: Rule = { holds: isText, words: 'a text that is not empty' };
const listed = (x: unknown): readonly unknown[] => (Array.isArray(x) ? x : [x]);

/** One text or a list of texts, without repeats. */
const texts = (least: number): Rule => ({
  holds: (x) => listed(x).length >= least && listed(x).every(isText) && new Set(listed(x)).size === listed(x).length,
  words: 'a text, or a list of texts without repeats',
  made: listed,
});

/** The day of a TOML date, or of a text; null if it is none. */
function dayOf(x: unknown): string | null {
  const text = x instanceof Date && !Number.isNaN(x.getTime()) ? x.toISOString() : x;
  if (typeof text !== 'string' || !/^\d{4}-\d\d-\d\d$/.test(text)) return null;
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text) ? text : null;
}

const rules: Readonly<Record<keyof Entry, Rule>> = {
  operator: oneOf(operators.map(({ name }) => name)),
  mode: texts(1),
  type: texts(1),
  tensors: texts(0),
  explanation: words,
  reason: words,
  expires: {
    holds: (x) => x === 'never' || dayOf(x) !== null,
    words: 'a day, as 2027-01-31, or never',
    made: (x) => (x === 'never' ? x : dayOf(x)),
  },
};

const keys = Object.keys(rules) as readonly (keyof Entry)[];

/** Throws where a name of an entry is not known. */
function checkNames(where: string, { operator: name, mode, type, tensors, explanation }: Entry): void {
  const operator = operators.find((one) => one.name === name)!;
  const { inputs, outputs } = operator.signature;
  const known = { mode: ['*', ...rowModes(operator)], type: ['*', ...dtypes] };
  const check = (what: string, own: readonly string[], names: readonly string[]): void => {
    const wrong = own.find((one) => !names.includes(one));
    if (wrong !== undefined)
      fail(
        `${where}: ${what} '${plain(wrong, 60)}' is not known; ${name} has ${names.join(', ')}${didYouMean(wrong, names)}`,
      );
  };
  check('mode', mode, known.mode);
  check('type', type, known.type);
  const isTensor = (tensor: string): boolean => {
    const [, side, own = ''] = /^(out|grad)\/(.+)$/.exec(tensor) ?? [];
    return side !== undefined && termIn(side === 'out' ? outputs : inputs, own) !== undefined;
  };
  const names = [...outputs.map(({ pattern }) => `out/${pattern}`), ...inputs.map(({ pattern }) => `grad/${pattern}`)];
  check(
    'tensor',
    tensors.filter((one) => !isTensor(one)),
    names,
  );
  if (explanation === any && tensors.length === 0)
    fail(`${where}: the explanation 'any' accepts any failure of its tensors, and there are none; name them`);
  if (endings.includes(explanation))
    fail(`${where}: '${explanation}' cannot be accepted, as a row ends there and the rest of it is not asked; mend it`);
}

/** The accepted failures of an entry: one for each row. */
function acceptancesOf(where: string, entry: unknown): Acceptance[] {
  if (!isObject(entry)) return fail(`${where}: is no entry; write ${keys.join(', ')}`);
  const missing = keys.find((key) => !(key in entry));
  const said = checkedBy<Entry>(rules, where, entry) as Entry;
  if (missing !== undefined) fail(`${where}: has no ${missing}; it is ${rules[missing].words}`);
  checkNames(where, said);
  const { mode, type, ...rest } = said;
  return mode.flatMap((own) => type.map((dtype): Acceptance => ({ ...rest, mode: own, dtype })));
}

/** The entries of a file. Throws one sentence on anything that is none: unknown names, missing reasons and days, repeated entries. */
export function acceptedIn(path: string): Acceptance[] {
  const parsed = parsedFile(path);
  const shape = 'write entries as [[accepted]] in TOML, or { "accepted": [{ … }] } in JSON';
  if (!isObject(parsed)) return fail(`${path}: has no entries; ${shape}`);
  const { accepted, ...more } = parsed;
  const [other] = Object.keys(more);
  if (other !== undefined)
    fail(`${path}: unknown name '${plain(other, 60)}'; ${shape}${didYouMean(other, ['accepted'])}`);
  if (!Array.isArray(accepted)) return fail(`${path}: has no entries; ${shape}`);
  const all = accepted.flatMap((entry, i) => acceptancesOf(`${path}: entry ${i + 1}`, entry));
  const found = new Set<string>();
  for (const { operator, mode, dtype, tensors, explanation } of all) {
    const key = JSON.stringify([operator, mode, dtype, [...tensors].sort(), explanation]);
    if (found.has(key)) fail(`${path}: accepts the same failure of ${operator} ${mode} ${dtype} twice; remove one`);
    found.add(key);
  }
  return all;
}
