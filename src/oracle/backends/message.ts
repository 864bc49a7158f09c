/** @file Encodes questions as safetensors files, and decodes answers. Pure functions. */
import { profileFrom } from '../../executors/profiles/declared.ts';
import type { Profile } from '../../executors/profiles/profile.ts';
import { isObject, parseJson } from '../../io/json.ts';
import { formatSafetensors, parseWhole, type Safetensors, type TensorToStore } from '../../io/safetensors.ts';
import { plain, quoted, shown } from '../../io/text.ts';
import { fail, InputError } from '../../tensor/errors.ts';
import { sizeOf } from '../../tensor/shape.ts';
import { type BatchKind, batchKinds } from '../batch-kind.ts';
import type { Settings, Tensor } from '../case.ts';
import { domainFrom } from '../domain/declared.ts';
import {
  type Answer,
  type Description,
  type Dtype,
  dtypes,
  type Failure,
  type Offer,
  type Question,
  type Repeated,
} from './backend.ts';
import { failed, isFailure } from './failure.ts';

/** The version of the protocol. */
export const PROTOCOL = '1';

/** The most characters of a backend's reason. */
const LONGEST_REASON = 500;

/** A backend's description of itself. */
export interface SelfDescription {
  readonly description: Description;
  /** Whether every new shape costs it a compilation. */
  readonly compiles: boolean;
  /** Whether it keeps its last question, and answers it again. */
  readonly repeats: boolean;
}

/** The question `describe`. */
export const describeFile = (id: string): Uint8Array =>
  formatSafetensors(new Map(), texts({ message: 'describe', id }));

/** The question `run`. Throws on settings that JSON does not hold, and on indices beyond 32 bits. */
export function runFile(id: string, { operator, mode, dtype, gradients, c, batch, taps = {} }: Question): Uint8Array {
  const tensors = new Map<string, TensorToStore>();
  for (const [name, tensor] of Object.entries({ ...c.inputs, ...batch?.tensors }))
    tensors.set(`in/${name}`, stored(tensor, dtype));
  if (gradients) {
    for (const [name, tensor] of Object.entries(c.cotangents)) tensors.set(`cotangent/${name}`, stored(tensor, dtype));
  }
  const settings = settingsText(c.settings);
  const { memory = 'contiguous' } = c;
  return formatSafetensors(
    tensors,
    texts({
      ...{ message: 'run', id, operator, mode, dtype, gradients: String(gradients), settings, memory },
      ...(batch !== undefined && { batch: batch.kind }),
      ...(Object.keys(taps).length > 0 && { taps: JSON.stringify(taps) }),
    }),
  );
}

/** The question `again`: the last question, with the id `of`, up to some times. */
export const againFile = (id: string, of: string, times: number): Uint8Array =>
  formatSafetensors(new Map(), texts({ message: 'again', id, of, times: String(times) }));

/** The most bytes of an answer, with room for wrong types, shapes and counts, which are judged elsewhere. */
export function largestAnswer({ c, taps = {} }: Question): number {
  const shapes = [
    ...Object.values(taps),
    ...[c.inputs, c.cotangents].flatMap(Object.values<Tensor>).map(({ shape }) => shape),
  ];
  const numbers = shapes.reduce((sum, shape) => sum + sizeOf(shape), 0);
  return 2 ** 20 + 4 * 8 * numbers;
}

/** A description has a list of operators, no numbers. */
export const LARGEST_DESCRIPTION = 2 ** 20;

/** Decodes the answer to the question `id`. */
export function answerIn(file: Uint8Array, id: string): Exclude<Answer, { kind: 'failure' }> | Failure {
  const read = readFile(file, id);
  if (isFailure(read)) return read;
  const { tensors, metadata } = read;
  switch (metadata.get('message')) {
    case 'answer': {
      const odd = [...tensors.keys()].find((name) => !/^(out|grad|tap)\/./s.test(name));
      if (odd === undefined) return { kind: 'numbers', tensors };
      return wrong(`its answer has the tensor ${quoted(odd)}; names begin with out/, grad/ or tap/`);
    }
    case 'unsupported': {
      const reason = reasonIn(read);
      return isFailure(reason) ? reason : { kind: 'unsupported', reason: reason.reason };
    }
    case 'error':
      return saidSo(read);
    default:
      return unknown(read, 'answer, unsupported and error');
  }
}

/** Decodes the answer to `again`. */
export function repeatedIn(file: Uint8Array, id: string, times: number): Repeated | Failure {
  const read = readFile(file, id);
  if (isFailure(read)) return read;
  if (read.metadata.get('message') === 'same') return { times, answer: null };
  const answer = answerIn(file, id);
  if (isFailure(answer)) return answer;
  const computed = read.metadata.get('times') ?? '1';
  return /^[1-9]\d*$/.test(computed) && Number(computed) <= times
    ? { times: Number(computed), answer }
    : wrong(`its message says times: ${quoted(computed)}; here it is a number from 1 to ${times}`);
}

/** Decodes the answer to `describe`. */
export function descriptionIn(file: Uint8Array, id: string): SelfDescription | Failure {
  const read = readFile(file, id);
  if (isFailure(read)) return read;
  const { metadata } = read;
  if (metadata.get('message') === 'error') return saidSo(read);
  if (metadata.get('message') !== 'description') return unknown(read, 'description and error');
  const protocol = metadata.get('protocol');
  if (protocol !== PROTOCOL) {
    return wrong(`it speaks protocol ${shown(protocol)}; this version of densessm speaks ${shown(PROTOCOL)}`);
  }
  const name = plain(metadata.get('name') ?? '', 100);
  if (name === '') return wrong("its description has no text 'name'");
  const [compiles, repeats] = ['compiles', 'repeats'].map((text) => metadata.get(text) ?? 'false');
  for (const [text, says] of Object.entries({ compiles, repeats }))
    if (says !== 'true' && says !== 'false')
      return wrong(`its description says ${text}: ${quoted(says!)}; it is true or false`);
  const operators = operatorsIn(metadata.get('operators'));
  return isFailure(operators)
    ? operators
    : { description: { name, operators: operators.all }, compiles: compiles === 'true', repeats: repeats === 'true' };
}

const texts = (fields: Readonly<Record<string, string>>): ReadonlyMap<string, string> =>
  new Map(Object.entries(fields));

const stored = ({ shape, data, kind }: Tensor, dtype: Dtype): TensorToStore => ({
  dtype: kind === 'index' ? 'I32' : dtype,
  shape,
  data,
});

function settingsText(settings: Settings): string {
  return JSON.stringify(settings, (name, value: unknown) => {
    // JSON would write null
    if (typeof value === 'number' && !Number.isFinite(value)) {
      fail(
        `runFile: the setting ${quoted(name)} is ${value}; settings are sent as JSON, which has finite numbers only`,
      );
    }
    return value;
  });
}

const wrong = (message: string): Failure => failed('wrong-message', message);

/** A safetensors file that answers the question `id`. */
function readFile(file: Uint8Array, id: string): Safetensors | Failure {
  let read: Safetensors;
  try {
    read = parseWhole(file, 'its message');
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return failed('not-a-message', error.message);
  }
  const answered = read.metadata.get('id');
  if (answered === id) return read;
  if (answered === undefined)
    return wrong(`its message has no text 'id'; it must repeat the question's, here ${quoted(id)}`);
  const isOver = /^[1-9]\d*$/.test(answered) && Number(answered) < Number(id);
  const which = isOver
    ? `question ${answered}, which was over,`
    : `a question ${quoted(answered)}, which was not asked,`;
  return failed('wrong-id', `it answered ${which} in place of question ${id}`);
}

function unknown({ metadata }: Safetensors, expected: string): Failure {
  const message = metadata.get('message');
  if (message === undefined) return wrong(`its message has no text 'message'; here it is one of ${expected}`);
  const isOurs = message === 'describe' || message === 'run';
  const hint = isOurs ? '; does it send back what it reads?' : '';
  return wrong(`its message is ${quoted(message)}; expected here is one of ${expected}${hint}`);
}

function reasonIn({ metadata }: Safetensors): { reason: string } | Failure {
  const reason = plain(metadata.get('reason') ?? '', LONGEST_REASON);
  return reason === '' ? wrong(`its message ${metadata.get('message')} has no text 'reason'`) : { reason };
}

function saidSo(read: Safetensors): Failure {
  const reason = reasonIn(read);
  return isFailure(reason) ? reason : failed('said-so', `it reports an error: ${reason.reason}`);
}

function operatorsIn(text: string | undefined): { all: Record<string, Offer> } | Failure {
  if (text === undefined) return wrong("its description has no text 'operators'");
  try {
    const operators = parseJson(text, "the text 'operators' of its description");
    if (!isObject(operators))
      return wrong(`the text 'operators' of its description is ${shown(operators)}; it is an object`);
    return { all: Object.fromEntries(Object.entries(operators).map(([name, offer]) => [name, offerIn(name, offer)])) };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    // it may repeat a long text of the backend's
    return wrong(plain(error.message, LONGEST_REASON));
  }
}

function offerIn(name: string, offer: unknown): Offer {
  const where = `its description: operator ${quoted(name)}`;
  if (!isObject(offer)) fail(`${where} is ${shown(offer)}; it is an object with modes, dtypes and gradients`);
  const { modes, dtypes: types, gradients, precision, form, atomic, domain } = offer;
  if (!isListOf(modes, isText)) fail(`${where} has modes ${shown(modes)}; they are a list of names, at least one`);
  if (!isListOf(types, isDtype))
    fail(`${where} has dtypes ${shown(types)}; they are a list of ${dtypes.join(', ')}, at least one`);
  if (typeof gradients !== 'boolean' && !isListOf(gradients, isText))
    fail(`${where} has gradients ${shown(gradients)}; they are true, false, or a list of inputs, at least one`);
  if (form !== undefined && !(isObject(form) && Object.values(form).every(isText)))
    fail(`${where} has form ${shown(form)}; it is an object that names a form for each mode`);
  if (atomic !== undefined && !(isObject(atomic) && Object.values(atomic).every((axes) => isText(axes) && axes !== '')))
    fail(`${where} has atomic ${shown(atomic)}; it is an object that names the axes of each tensor: {"grad/k": "h"}`);
  const batches = batchesIn(where, offer, modes);
  return {
    modes: [...new Set(modes)],
    dtypes: [...new Set(types)],
    gradients,
    ...(precision !== undefined && { precision: precisionIn(where, precision, types) }),
    ...(form !== undefined && { form: form as Record<string, string> }),
    ...(atomic !== undefined && { atomic: atomic as Record<string, string> }),
    ...(domain !== undefined && { domain: domainFrom(domain, `${where}: domain`) }),
    ...(batches !== undefined && { batches }),
  };
}

/** The modes that run packed and padded batches: all, some, or none. */
function batchesIn(
  where: string,
  offer: Readonly<Record<string, unknown>>,
  modes: readonly string[],
): Offer['batches'] {
  const entries = batchKinds.flatMap((kind): [BatchKind, readonly string[]][] => {
    const of = offer[kind];
    if (of === undefined || of === false) return [];
    if (of !== true && !isListOf(of, isText))
      fail(`${where} has ${kind} ${shown(of)}; it is true, false, or a list of modes, at least one`);
    const odd = of === true ? undefined : of.find((mode) => !modes.includes(mode));
    if (odd !== undefined)
      fail(
        `${where} has ${kind} with the mode ${quoted(odd)}, which is not among its modes; these are ${modes.join(', ')}`,
      );
    return [[kind, of === true ? modes : of]];
  });
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** The declared profiles, one or a list, each by the type of its inputs. */
function precisionIn(where: string, precision: unknown, types: readonly Dtype[]): Partial<Record<Dtype, Profile>> {
  const found: Partial<Record<Dtype, Profile>> = {};
  for (const declared of Array.isArray(precision) ? precision : [precision]) {
    const profile = profileFrom(declared, `${where}: precision`);
    const dtype = types.find((one) => one === profile.at.input.name.toUpperCase());
    if (dtype === undefined)
      fail(
        `${where} has precision ${shown(declared)} of inputs in ${profile.at.input.name}; its dtypes are ${types.join(', ')}`,
      );
    if (found[dtype] !== undefined) fail(`${where} has two precisions of inputs in ${dtype}; declare one`);
    found[dtype] = profile;
  }
  return found;
}

const isText = (x: unknown): x is string => typeof x === 'string';
const isDtype = (x: unknown): x is Dtype => dtypes.some((dtype) => dtype === x);
const isListOf = <T>(x: unknown, is: (one: unknown) => one is T): x is T[] =>
  Array.isArray(x) && x.length > 0 && x.every(is);
