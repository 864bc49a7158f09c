/** @file Lets kernels written in TypeScript or JavaScript answer the questions of the protocol. */
import { formatSafetensors, parseWhole, type StoredTensor, type TensorToStore } from '../../io/safetensors.ts';
import { fail, InputError } from '../../tensor/errors.ts';
import type { Shape } from '../../tensor/shape.ts';
import type { Backend, Dtype } from './backend.ts';
import { converse } from './conversation.ts';
import { defaultLimits } from './limits.ts';
import { PROTOCOL } from './message.ts';

/** A tensor as a kernel gets it and returns it: row-major numbers. */
export interface KernelTensor {
  readonly shape: Shape;
  /** In F64 a Float64Array, for indices an Int32Array, else a Float32Array. A result may be any list of numbers: it is rounded to the type asked for. */
  readonly data: ArrayLike<number>;
}

/** Tensors by name, without `in/` and the like. */
export type KernelTensors = Readonly<Record<string, KernelTensor>>;

/** The numbers of a question: typed arrays, which a kernel must not write into. */
export type KernelInputs = Readonly<
  Record<string, { readonly shape: Shape; readonly data: Float32Array | Float64Array | Int32Array }>
>;

/** What else a kernel may depend on: the operator's settings, the mode and the type of the question. */
export type KernelSettings = Readonly<Record<string, unknown>>;

/** A kernel: its function, and what it offers. */
export interface Kernel {
  readonly modes: readonly string[];
  /** F32 if it does not say. */
  readonly dtypes?: readonly Dtype[];
  /** Returns all outputs by name; intermediates may come with them, as `tap/state`. It may return a promise. */
  run(inputs: KernelInputs, settings: KernelSettings, mode: string): KernelTensors | Promise<KernelTensors>;
  /** Returns the gradients of Σ output · cotangent by the names of inputs. Without it, gradients are not checked. */
  backward?(
    inputs: KernelInputs,
    cotangents: KernelInputs,
    settings: KernelSettings,
    mode: string,
  ): KernelTensors | Promise<KernelTensors>;
  /** The inputs whose gradients `backward` returns, if not all. */
  readonly gradients?: readonly string[];
  /** How it rounds, by which formulas it computes, and what it takes: as JSON in docs/protocol.md. */
  readonly precision?: unknown;
  readonly form?: Readonly<Record<string, string>>;
  readonly atomic?: Readonly<Record<string, string>>;
  readonly domain?: unknown;
  /** The modes that take sequences of unequal lengths, `true` for all: by the input `cuSeqlens`, or `mask`, as in docs/protocol.md. */
  readonly packed?: boolean | readonly string[];
  readonly padded?: boolean | readonly string[];
}

/** Kernels by operator, with a name for reports. */
export interface Kernels {
  readonly name: string;
  readonly operators: Readonly<Record<string, Kernel>>;
}

/**
 * Names the kernels of a module for `densessm check --module`: its default export.
 * @example
 * const mine = kernels('mine', { linearScan: { modes: ['recurrent'], run: ({ b, state }) => ({ output: b, state }) } });
 * Object.keys(mine.operators) // ['linearScan']
 */
export const kernels = (name: string, operators: Kernels['operators']): Kernels => ({ name, operators });

/** Thrown by a kernel that does not support a shape or a setting. That is no failure. */
export class Unsupported extends Error {
  override readonly name = 'Unsupported';
}

/** Opens kernels in this process. A kernel that never returns stops the process: `openProcess` has limits. */
export function openKernels(all: Kernels): Promise<Backend> {
  const reply = replyOf(all);
  return converse(
    all.name,
    {
      startsAnew: () => false,
      stays: true,
      carry: reply,
      giveUp: async (failure) => failure,
      lastLines: () => [],
      close: async () => {},
    },
    { ...defaultLimits, question: Number.POSITIVE_INFINITY, total: Number.POSITIVE_INFINITY },
  );
}

/** The last question, and its answer as a file. */
interface Held {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: ReadonlyMap<string, string>;
  readonly id: string;
  readonly first: Uint8Array;
}

/** Returns the function that answers a question with a message, both as safetensors files. */
export function replyOf({ name, operators }: Kernels): (file: Uint8Array) => Promise<Uint8Array> {
  const told = new Set<string>();
  let held: Held | null = null;
  return async (file) => {
    const { tensors, metadata } = parseWhole(file, 'the question');
    const id = metadata.get('id') ?? '';
    const answer = (texts: Record<string, string>, found: ReadonlyMap<string, TensorToStore> = new Map()): Uint8Array =>
      formatSafetensors(found, new Map(Object.entries({ id, ...texts })));
    try {
      if (metadata.get('message') === 'run') {
        held = null;
        const first = answer({ message: 'answer' }, await computed(operators, tensors, metadata));
        held = { tensors, metadata, id, first };
        return first;
      }
      if (metadata.get('message') === 'again') {
        if (held === null) return answer({ message: 'error', reason: 'there is no last question' });
        const { id: of, first } = held;
        for (let n = 1; n <= Number(metadata.get('times')); n++) {
          const found = await computed(operators, held.tensors, held.metadata);
          if (!sameBytes(answer({ message: 'answer', id: of }, found), first))
            return answer({ message: 'answer', times: String(n) }, found);
        }
        return answer({ message: 'same' });
      }
      const offers = Object.entries(operators).map(([operator, kernel]) => [operator, offerOf(operator, kernel)]);
      return answer({
        message: 'description',
        protocol: PROTOCOL,
        repeats: 'true',
        name,
        operators: JSON.stringify(Object.fromEntries(offers)),
      });
    } catch (error) {
      const { name: kind, message, stack } = error instanceof Error ? error : new Error(String(error));
      if (kind === 'Unsupported') return answer({ message: 'unsupported', reason: message || 'it gives no reason' });
      if (error instanceof InputError) return answer({ message: 'error', reason: message });
      const text = ownPart(stack ?? message);
      // the same error at another shape is told by its reason
      const alike = text.replace(/\d+/g, '0');
      if (!told.has(alike)) console.error(text);
      told.add(alike);
      return answer({ message: 'error', reason: `${kind}: ${message}` });
    }
  };
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return a.length === b.length;
}

/** Whether two lists have the same numbers, bit for bit but for NaN. */
function sameNumbers(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return true;
}

/** A stack without the frames below the kernel, which are those of densessm. */
function ownPart(stack: string): string {
  const lines = stack.split('\n');
  const end = lines.findIndex((line) => /^\s+at (async )?computed /.test(line));
  return lines.slice(0, end < 0 ? lines.length : end).join('\n');
}

const offerOf = (name: string, { run, modes, dtypes = ['F32'], backward, gradients, ...kernel }: Kernel): object => {
  for (const [part, is] of Object.entries({ run, backward: backward ?? run }))
    if (typeof is !== 'function') fail(`the kernel of ${name} has a '${part}' that is no function, but ${is}`);
  const { precision, form, atomic, domain, packed, padded } = kernel;
  return {
    ...{ modes, dtypes, gradients: gradients ?? backward !== undefined },
    ...{ precision, form, atomic, domain, packed, padded },
  };
};

async function computed(
  operators: Kernels['operators'],
  tensors: ReadonlyMap<string, StoredTensor>,
  texts: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, TensorToStore>> {
  const operator = texts.get('operator')!;
  const mode = texts.get('mode')!;
  const dtype = texts.get('dtype') as Dtype;
  const kernel = operators[operator]!;
  const settings = JSON.parse(texts.get('settings')!) as KernelSettings;
  const inputs = given(tensors, 'in/');
  const outputs = await kernel.run(inputs, settings, mode);
  const found = new Map(stored('out/', outputs, dtype));
  if (texts.get('gradients') === 'true' && kernel.backward !== undefined) {
    const cotangents = given(tensors, 'cotangent/');
    const gradients = await kernel.backward(inputs, cotangents, settings, mode);
    for (const [name, tensor] of stored('grad/', gradients, dtype)) found.set(name, tensor);
  }
  for (const [name, { data }] of Object.entries(inputs)) {
    const before = tensors.get(`in/${name}`)!.data;
    if (!sameNumbers(data, before))
      throw new Error(`${operator} overwrites its input '${name}': copy it first if your kernel works in place`);
  }
  return found;
}

/** The tensors whose names begin with a prefix, without it. */
const given = (tensors: ReadonlyMap<string, StoredTensor>, prefix: string): KernelInputs =>
  Object.fromEntries(
    [...tensors]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, { dtype, shape, data }]) => {
        const Numbers = dtype === 'F64' ? Float64Array : dtype === 'I32' ? Int32Array : Float32Array;
        return [name.slice(prefix.length), { shape, data: new Numbers(data) }];
      }),
  );

/** Results of a kernel. Throws on what is not a tensor. */
function* stored(prefix: string, results: KernelTensors, dtype: Dtype): Generator<[string, TensorToStore]> {
  if (typeof results !== 'object' || results === null)
    throw new TypeError(`the kernel returns ${results}: return an object of tensors, { shape, data }`);
  for (const [name, result] of Object.entries(results)) {
    const tensor = name.startsWith('tap/') ? name : `${prefix}${name}`;
    if (!Array.isArray(result?.shape) || typeof result.data?.length !== 'number')
      throw new TypeError(`${tensor} is no tensor: return { shape, data }, row-major`);
    yield [tensor, { dtype, shape: result.shape, data: result.data }];
  }
}
