/** @file The built-in backend: the oracle's own programs, compiled for a graphics card, WebAssembly or plain JavaScript. */
import { type Compiled, type CompileOptions, compile, type Ran } from '../../executors/gpu/index.ts';
import type { StoredTensor } from '../../io/safetensors.ts';
import type { Case, Tensors } from '../case.ts';
import { domainFrom } from '../domain/declared.ts';
import { operators } from '../operators/index.ts';
import type { Backend, Description, Question } from './backend.ts';
import { compileProgram, type Form, givenOf } from './gpu-program.ts';

/** The number of pipelines in the cache, which keeps the latest: more than an operator has layouts in a mode. */
const kept = 48;

/** A longer sequence compiles slowly and tests little more. */
export const longestUnrolled = 9;

/**
 * Opens a backend of `compile`, or the best one of the machine. Throws an InputError where it does not run. An answer that another
 * backend computed is a failure.
 */
export async function openGpu(backend: NonNullable<CompileOptions['backend']>): Promise<Backend> {
  const probe = await compile(({ x }) => ({ y: x! }), { x: { shape: [2] } }, { backend });
  await probe.dispose();
  const { ran } = probe;
  const pipelines = new Map<string, Promise<Compiled>>();

  const drop = async (key: string): Promise<void> => {
    const pipeline = pipelines.get(key);
    pipelines.delete(key);
    await pipeline?.then(
      (compiled) => compiled.dispose(),
      // a failed compilation holds nothing
      () => undefined,
    );
  };

  const pipelineOf = async (question: Question): Promise<Compiled> => {
    const form = formOf(question.c);
    const key = JSON.stringify([question.operator, question.mode, question.gradients, form]);
    const pipeline = pipelines.get(key) ?? compileQuestion(question, form, ran.backend);
    // the latest stands last
    pipelines.delete(key);
    pipelines.set(key, pipeline);
    const [oldest] = pipelines.keys();
    if (pipelines.size > kept) await drop(oldest!);
    return pipeline;
  };

  return {
    description: describe(ran),
    compiles: true,
    longest: longestUnrolled,
    async answer(question) {
      if (question.dtype !== 'F32')
        return { kind: 'unsupported', reason: 'compiled programs compute in single precision' };
      try {
        const compiled = await pipelineOf(question);
        return { kind: 'numbers', tensors: stored(compiled, await compiled(givenOf(question.c, question.gradients))) };
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        return { kind: 'failure', failure: { kind: 'said-so', message, stderr: [] } };
      }
    },
    async close() {
      await Promise.all([...pipelines.keys()].map(drop));
    },
  };
}

/** Every operator in every mode. The name tells the backend, its executor if that is gpu.js's, and the adapter. */
function describe({ backend, executorKind, adapter, passedOver }: Ran): Description {
  const [library, kinds] = backend === 'wasm' ? ['densessm', []] : ['gpu.js', [executorKind]];
  const parts = [...kinds, ...(adapter === null ? [] : [adapter]), ...passedOver.map((why) => `not ${why}`)];
  const name = `${library} on ${backend}${parts.length === 0 ? '' : ` (${parts.join('; ')})`}`;
  // a compiled program cannot read a position, from which rows of a window are computed
  const domainOf = (positions: readonly string[]) =>
    domainFrom({ inputs: Object.fromEntries(positions.map((name) => [name, 'absent'])) }, 'a compiled program');
  const offers = operators.map(({ name, modes, positions }) => [
    name,
    {
      ...({ modes: Object.keys(modes), dtypes: ['F32'], gradients: true } as const),
      ...(positions && { domain: domainOf(positions) }),
    },
  ]);
  return { name, operators: Object.fromEntries(offers) };
}

function compileQuestion(
  { operator, mode, gradients }: Question,
  form: Form,
  backend: Ran['backend'],
): Promise<Compiled> {
  const program = operators.find(({ name }) => name === operator)?.modes[mode];
  if (program === undefined) throw new Error(`there is no operator ${operator} with the mode ${mode}`);
  // rows are asked on all cores already, and every program in the cache would keep its workers
  return compileProgram(program, form, { gradients, backend, ...(backend === 'wasm' ? { threads: 1 } : {}) });
}

const formOf = ({ inputs, cotangents, settings }: Case): Form => ({
  inputs: mapTensors(inputs, ({ shape, kind = 'real' }) => ({ shape, kind })),
  outputs: mapTensors(cotangents, ({ shape }) => shape),
  settings,
});

const mapTensors = <T>(tensors: Tensors, f: (x: Tensors[string]) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(tensors).map(([name, x]) => [name, f(x)]));

function stored(
  { outputs }: Compiled,
  found: Readonly<Record<string, Float32Array>>,
): ReadonlyMap<string, StoredTensor> {
  const tensors = Object.entries(found).map(([name, x]): [string, StoredTensor] => [
    name,
    { dtype: 'F32', shape: outputs[name]!.shape, data: Float64Array.from(x) },
  ]);
  return new Map(tensors);
}
