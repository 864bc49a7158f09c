import { expect, it } from 'vitest';
import { formatSafetensors } from '../../../src/io/safetensors.ts';
import type { Backend, Question } from '../../../src/oracle/backends/backend.ts';
import { type Kernel, openKernels } from '../../../src/oracle/backends/kernels.ts';
import { repeatedIn } from '../../../src/oracle/backends/message.ts';
import { check } from '../../../src/oracle/check/check.ts';
import type { CheckRow } from '../../../src/oracle/check/row.ts';

/** A right linear scan. `error` is what the last number of the n-th answer is off by, n from 1. */
function scanning(error: (n: number) => number): Promise<Backend> {
  let calls = 0;
  const linearScan: Kernel = {
    modes: ['recurrent'],
    dtypes: ['F64'],
    run({ a, b, state }) {
      const [batch, time, channels] = a!.shape as [number, number, number];
      const output = new Float64Array(b!.data.length);
      const h = Float64Array.from(state!.data);
      for (let i = 0; i < batch; i++)
        for (let t = 0; t < time; t++)
          for (let n = 0; n < channels; n++) {
            const at = (i * time + t) * channels + n;
            output[at] = h[i * channels + n] = a!.data[at]! * h[i * channels + n]! + b!.data[at]!;
          }
      if (output.length > 0) output[output.length - 1]! += error(++calls);
      return { output: { shape: b!.shape, data: output }, state: { shape: state!.shape, data: h } };
    },
  };
  return openKernels({ name: 'scans', operators: { linearScan } });
}

const ones = (...shape: number[]) => ({ shape, data: new Float64Array(shape.reduce((x, y) => x * y)).fill(1) });
const question = (): Question => ({
  operator: 'linearScan',
  mode: 'recurrent',
  dtype: 'F64',
  gradients: false,
  c: {
    inputs: { a: ones(1, 2, 1), b: ones(1, 2, 1), state: ones(1, 1) },
    cotangents: { output: ones(1, 2, 1), state: ones(1, 1) },
    settings: {},
    seed: 1,
    values: 'normal',
  },
});

it('the last question is asked again in one message, until an answer differs', async () => {
  const backend = await scanning((n) => (n === 5 ? 1 : 0));
  const asked = question();
  await backend.answer(asked);
  expect(await backend.again!(asked, 2)).toEqual({ times: 2, answer: null });
  const differs = await backend.again!(asked, 6);
  expect(differs).toMatchObject({ times: 2, answer: { kind: 'numbers' } });
  // the first answer counts, not the one before
  expect(await backend.again!(asked, 3)).toEqual({ times: 3, answer: null });
});

it('only the last question is asked again so', async () => {
  const backend = await scanning(() => 0);
  const asked = question();
  expect(await backend.again!(asked, 2)).toBeNull();
  await backend.answer(asked);
  for (const other of [question(), { ...asked, gradients: true }, { ...asked, mode: 'scan' }])
    expect(await backend.again!(other, 2)).toBeNull();
  await backend.answer(question());
  expect(await backend.again!(asked, 2)).toBeNull();
});

const size = { cases: 60, seed: 1, longest: 9, operators: ['linearScan'], modes: ['recurrent'] };
const rowOf = async (backend: Backend): Promise<CheckRow> => (await check(backend, size)).rows[0]!;

it('a check repeats as often, and finds as much, where a backend keeps no question', async () => {
  // one in 40 answers is off; without the message, each repeat is a question of its own
  for (const error of [() => 0, (n: number) => (n % 40 === 0 ? 1e-3 : 0)]) {
    const row = await rowOf(await scanning(error));
    const { again: _, ...backend } = await scanning(error);
    const { timing: __, ...others } = await rowOf(backend);
    expect(row).toMatchObject(others);
    expect(row.repeats.asked).toBeGreaterThan(row.finding === null ? 100 : 0);
    expect(row.finding?.kind ?? 'none').toBe(error(40) === 0 ? 'none' : 'nondeterministic');
  }
});

it.each(['0', '4', '1.5', 'two'])('an answer that says times: %s of 3 is no answer', (times) => {
  const file = formatSafetensors(new Map(), new Map(Object.entries({ message: 'answer', id: '7', times })));
  expect(repeatedIn(file, '7', 3)).toMatchObject({
    kind: 'wrong-message',
    message: `its message says times: "${times}"; here it is a number from 1 to 3`,
  });
});

it('a result named as a tap is one', async () => {
  const linearScan: Kernel = {
    modes: ['recurrent'],
    dtypes: ['F64'],
    run: ({ b, state }) => ({ output: b!, state: state!, 'tap/state': b! }),
  };
  const backend = await openKernels({ name: 'taps', operators: { linearScan } });
  const answer = await backend.answer(question());
  expect(answer.kind === 'numbers' && [...answer.tensors.keys()].sort()).toEqual([
    'out/output',
    'out/state',
    'tap/state',
  ]);
});
