/** @file Makes a problem of an operator: one layout of fixed sizes and settings, its reference in PyTorch, and the domain of its kernels. */
import { isObject } from '../../io/json.ts';
import { fail, InputError } from '../../tensor/errors.ts';
import type { Shape } from '../../tensor/shape.ts';
import type { Layout, Settings, Slot } from '../case.ts';
import { domainFrom } from '../domain/declared.ts';
import type { Domain, Scalar } from '../domain/domain.ts';
import { sampleInside, unfulfilled } from '../domain/drawn.ts';
import { unknownNames } from '../domain/known.ts';
import type { Operator, Size } from '../operator.ts';
import type { Program } from '../program.ts';
import { lengthsIn, lettersOf, type Side } from '../signature.ts';
import { identifierOf, torchOf } from './torch.ts';
import { type Trace, traceOf } from './trace.ts';

/** The types of the inputs of problems. */
export const problemTypes = ['F32', 'BF16', 'F16'] as const;

/** What a problem is asked for. */
export interface Asked {
  readonly operator: Operator;
  /** The mode in which kernels are judged. */
  readonly mode: string;
  readonly dtype: (typeof problemTypes)[number];
  /** Lengths by the letters of the signature. */
  readonly axes: Readonly<Record<string, number>>;
  readonly settings: Readonly<Record<string, Scalar>>;
  readonly seed: number;
}

/** An input or output of a problem. */
export interface ProblemTensor {
  /** Its name in densessm. */
  readonly name: string;
  /** Its name as an argument in Python. */
  readonly argument: string;
  /** The letters of its axes; `h*d` and `s+t` are one axis. */
  readonly axes: readonly string[];
  readonly shape: Shape;
  /** Whether it has indices, integers from 0. */
  readonly isIndex: boolean;
}

/** The domain of a problem, as a backend declares it. */
export interface DeclaredDomain {
  readonly axes: Readonly<Record<string, number>>;
  readonly inputs: Readonly<Record<string, 'given' | 'absent'>>;
  readonly settings: Readonly<Record<string, Scalar | readonly (readonly Scalar[])[]>>;
}

/** A problem: what a kernel gets and returns, and where it is judged. */
export interface Problem {
  readonly operator: string;
  readonly signature: string;
  readonly mode: string;
  /** The mode whose program is the reference: the shortest one. */
  readonly referenceMode: string;
  readonly dtype: Asked['dtype'];
  readonly seed: number;
  readonly settings: Settings;
  readonly inputs: readonly ProblemTensor[];
  readonly outputs: readonly ProblemTensor[];
  readonly domain: DeclaredDomain;
  /** Axes with one entry each in a list of the settings, with the name of the setting: their lengths are fixed with it. */
  readonly held: Readonly<Record<string, string>>;
}

/** A problem with its reference and what draws its inputs. */
export interface MadeProblem {
  readonly problem: Problem;
  /** The function `reference` and those that it calls, in Python. */
  readonly reference: string;
  readonly layout: Layout;
}

/** Lengths of axes that are not asked for, where the operator takes them. */
const usualLengths = { b: 2, t: 64, h: 4, g: 2, d: 16, e: 16, n: 16, i: 16, o: 16, w: 16, r: 4, k: 4, s: 16, v: 32 };
const usualChunk = 16;
/** So many layouts are drawn, of which the one with the most inputs is taken. */
const drawn = 32;

/**
 * Makes a problem. Its sizes are those asked for, and usual ones; optional inputs are given where the settings allow. Throws an InputError on names that the operator does not
 * have, on lengths and settings that it does not take, and on whole models, whose sizes are not axes.
 */
export function problemOf(asked: Asked): MadeProblem {
  const { operator, mode, dtype, seed } = asked;
  const { name, signature } = operator;
  if (signature.inputs.some(({ pattern }) => pattern.includes('**')))
    fail(
      `problem: ${name} is a whole model, whose sizes are no axes of its inputs; take an operator, such as retention`,
    );
  const layout = layoutFor(asked);
  const modes = operator.modesAgree(layout.settings)
    ? Object.keys(operator.modes).filter((one) => operator.admits(layout.settings, one))
    : [mode];
  const names = Object.keys(layout.inputs);
  const references = modes.map((one) => ({
    referenceMode: one,
    reference: torchOf(traced(asked, one, layout), names, Object.keys(layout.outputs)),
  }));
  const { referenceMode, reference } = references.reduce((a, b) => (b.reference.length < a.reference.length ? b : a));
  const tensorOf =
    (side: Side, isState: boolean) =>
    ([own, { shape, below }]: [string, Slot]): ProblemTensor => ({
      name: own,
      argument: `${isState && own in layout.inputs ? 'final_' : ''}${identifierOf(own)}`,
      axes: lettersOf(side, own, shape.length)?.map((letters) => letters.replaceAll('·', '*')) ?? shape.map(String),
      shape,
      isIndex: below !== undefined,
    });
  const outputs = Object.entries(layout.outputs).map(([own, shape]): [string, Slot] => [own, { shape }]);
  const problem: Problem = {
    operator: name,
    signature: signature.text,
    mode,
    referenceMode,
    dtype,
    seed,
    settings: layout.settings,
    inputs: Object.entries(layout.inputs).map(tensorOf(signature.inputs, false)),
    outputs: outputs.map(tensorOf(signature.outputs, true)),
    domain: domainOf(operator, layout),
    held: heldBy(asked, layout),
  };
  return { problem, reference, layout };
}

/** The steps of a mode's program. What the program says against the settings names them, not the function that it calls. */
function traced({ operator, settings }: Asked, mode: string, layout: Layout): Trace {
  const where = `problem: ${operator.name}`;
  try {
    return traceOf(where, operator.modes[mode] as Program<Settings>, layout);
  } catch (error) {
    if (!(error instanceof InputError) || error.message.startsWith(where)) throw error;
    const given = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
    return fail(
      `${where}${given.length > 0 ? ` with ${given.join(', ')}` : ''}: ${error.message.replace(/^\w+: /, '')}`,
    );
  }
}

/** The axes of a layout that are as long as a list of its settings in whatever layout the operator has. */
function heldBy({ operator, seed }: Asked, { inputs, settings }: Layout): Problem['held'] {
  const lists = Object.keys(settings).filter((name) => Array.isArray(settings[name]));
  if (lists.length === 0) return {};
  const { inputs: patterns } = operator.signature;
  const size: Size = { longest: usualChunk, limit: usualChunk, lasting: true, without: [] };
  const any = sampleInside(operator, size, domainFrom({}, 'problem'), drawn, seed).map((layout) => ({
    lengths: lengthsIn(patterns, layout.inputs),
    settings: layout.settings,
  }));
  const follows = (name: string, letter: string): boolean =>
    any.every((one) => {
      const list = one.settings[name];
      return !Array.isArray(list) || list.length === one.lengths[letter];
    });
  return Object.fromEntries(
    lists.flatMap((name) =>
      Object.keys(lengthsIn(patterns, inputs))
        .filter((letter) => follows(name, letter))
        .map((letter) => [letter, name]),
    ),
  );
}

/** The layout of a problem: of those with the usual lengths that it can have, one with the most inputs. */
function layoutFor({ operator, mode, axes, settings, seed }: Asked): Layout {
  const longest = axes.t ?? usualLengths.t;
  const size: Size = {
    longest,
    limit: longest,
    lasting: true,
    without: operator.optIn?.filter((name) => !(name in settings)) ?? [],
  };
  const domainWith = (lengths: object, more: object): Domain =>
    domainFrom({ axes: { ...lengths, ...axes }, settings: { ...more, ...settings } }, `problem: ${operator.name}`);
  const own = domainWith({}, {});
  const [odd] = unknownNames(operator, own);
  if (odd !== undefined)
    fail(`problem: ${odd.replace(`its domain of ${operator.name} has`, `${operator.name} is asked for`)}`);
  const known = Object.keys(usualLengths).filter(
    (letter) => unknownNames(operator, domainFrom({ axes: { [letter]: 1 } }, 'problem')).length === 0,
  );
  const usual = Object.fromEntries(Object.entries(usualLengths).filter(([letter]) => known.includes(letter)));
  const chunks = { chunkSize: usualChunk };
  const { t, b } = usual;
  const some = { ...(t !== undefined && { t }), ...(b !== undefined && { b }) };
  for (const domain of [domainWith(usual, chunks), domainWith(usual, {}), domainWith(some, {}), own]) {
    const inside = sampleInside(operator, size, domain, drawn, seed).filter(
      (layout) => operator.admits(layout.settings, mode) && operator.defines(layout.settings),
    );
    if (inside.length > 0)
      return inside.reduce((a, c) => (Object.keys(c.inputs).length > Object.keys(a.inputs).length ? c : a));
  }
  const never = unfulfilled(operator, mode, size, own) ?? `such sizes and settings in ${drawn} draws`;
  return fail(`problem: no case of ${operator.name} in the mode ${mode} has ${never}; ask for other sizes or settings`);
}

const isScalar = (x: unknown): x is Scalar => ['number', 'string', 'boolean'].includes(typeof x);

/** The settings by the names of a domain, lists as a whole. */
const settingsOf = (settings: Settings, prefix = ''): [string, Scalar | readonly (readonly Scalar[])[]][] =>
  Object.entries(settings).flatMap(([name, value]): [string, Scalar | readonly (readonly Scalar[])[]][] => {
    if (isScalar(value)) return [[`${prefix}${name}`, value]];
    if (Array.isArray(value)) return value.every(isScalar) ? [[`${prefix}${name}`, [value]]] : [];
    return isObject(value) ? settingsOf(value, `${prefix}${name}.`) : [];
  });

function domainOf({ signature }: Operator, { inputs, settings }: Layout): DeclaredDomain {
  const optional = signature.inputs.filter(({ isOptional, pattern }) => isOptional && !pattern.includes('*'));
  return {
    axes: lengthsIn(signature.inputs, inputs),
    inputs: Object.fromEntries(optional.map(({ pattern }) => [pattern, pattern in inputs ? 'given' : 'absent'])),
    settings: Object.fromEntries(settingsOf(settings)),
  };
}
