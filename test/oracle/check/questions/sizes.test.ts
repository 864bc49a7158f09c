import { describe, expect, it } from 'vitest';
import { longestIn } from '../../../../src/oracle/axes.ts';
import type { Question } from '../../../../src/oracle/backends/backend.ts';
import type { Case, Tensor } from '../../../../src/oracle/case.ts';
import { inquire } from '../../../../src/oracle/check/inquiry.ts';
import { drawsInTurn } from '../../../../src/oracle/check/questions/in-turn.ts';
import { questionCase, questionDraws } from '../../../../src/oracle/check/questions/question.ts';
import { allowedFor } from '../../../../src/oracle/check/verdict/allowed.ts';
import { isRightAnswer, judged } from '../../../../src/oracle/check/verdict/judged.ts';
import { operators } from '../../../../src/oracle/operators/index.ts';
import { axisIn, lengthsIn } from '../../../../src/oracle/signature.ts';
import { stridesOf } from '../../../../src/tensor/shape.ts';
import { programBackend, type Twist } from '../program-backend.ts';

const size = { cases: 100, seed: 1 };

/** Changes the numbers of the outputs, gradients excepted. */
type Fault = (answered: Tensor, name: string, c: Case) => Float64Array;

const twisted =
  (fault: Fault): Twist =>
  (answer, { c }: Question) => {
    for (const [name, x] of answer) {
      if (name.startsWith('out/')) answer.set(name, { ...x, data: fault(x, name, c) });
    }
    return answer;
  };

/** The number of the first question of a check at default settings whose answer is wrong, and the length of its sequence. */
async function found(name: string, mode: string, fault: Fault): Promise<{ question: number; t: number }> {
  const operator = operators.find((one) => one.name === name)!;
  const inquiry = inquire(programBackend({}, twisted(fault)), operator, mode, 'F32');
  const questions = questionDraws(operator, mode, size, { compiles: false });
  let question = 0;
  for (const { draw } of drawsInTurn(operator, mode, questions, size)) {
    if (++question > size.cases) break;
    const c = questionCase(operator, 'F32', draw);
    if ((await inquiry.ask(c)).is === 'wrong') return { question, t: longestIn(operator, c) };
  }
  return { question: Number.POSITIVE_INFINITY, t: 0 };
}

/** Scans again; `from` is the first token that counts for token t. The initial state counts if that is token 0. */
const scanFrom =
  (from: (t: number) => number): Fault =>
  ({ data }, name, { inputs }) => {
    const [b, t, n] = inputs.b!.shape as readonly [number, number, number];
    const at = (batch: number, token: number, channel: number): number => (batch * t + token) * n + channel;
    const state = (batch: number, token: number, channel: number): number => {
      const first = from(token);
      let h = first <= 0 ? inputs.state!.data[batch * n + channel]! : 0;
      for (let i = Math.max(0, first); i <= token; i++)
        h = Math.fround(inputs.a!.data[at(batch, i, channel)]! * h + inputs.b!.data[at(batch, i, channel)]!);
      return h;
    };
    const tokens = name === 'out/output' ? Array.from({ length: t }, (_, i) => i) : [t - 1];
    const own = Array.from({ length: b }, (_, batch) =>
      tokens.flatMap((token) => Array.from({ length: n }, (_, channel) => state(batch, token, channel))),
    ).flat();
    return t === 0 ? data : Float64Array.from(own);
  };

/** Adds 1 to the numbers at some places of a letter's axis. */
const wrongAt =
  (operator: string, letter: string, isWrong: (index: number, length: number) => boolean): Fault =>
  ({ data, shape }, name, { inputs }) => {
    const { signature } = operators.find((one) => one.name === operator)!;
    const axis = axisIn(signature.outputs, letter, name.replace('out/', ''));
    if (axis === undefined) return data;
    const length = lengthsIn(signature.inputs, inputs)[letter]!;
    const stride = stridesOf(shape)[axis]!;
    return data.map((x, i) => (isWrong(Math.floor(i / stride) % length, length) ? x + 1 : x));
  };

describe('a check at default settings finds', () => {
  it.each([16, 64, 128])('a carry that is forgotten every %d tokens', async (block) => {
    for (const mode of ['recurrent', 'scan']) {
      const first = await found(
        'linearScan',
        mode,
        scanFrom((t) => (t < block ? 0 : t - (t % block))),
      );
      expect(first.question).toBeLessThanOrEqual(size.cases);
      expect(first.t).toBeGreaterThan(block);
    }
  });

  it('a carry that is forgotten every 1024 tokens', async () => {
    const operator = operators.find((one) => one.name === 'linearScan')!;
    const backend = programBackend({}, twisted(scanFrom((t) => (t < 1024 ? 0 : t - (t % 1024)))));
    const questions = questionDraws(operator, 'scan', size, { compiles: false });
    const draws = [...drawsInTurn(operator, 'scan', questions, size)].slice(0, size.cases);
    const { draw } = draws.find(({ draw: { layout } }) => longestIn(operator, layout) > 1024)!;
    const c = questionCase(operator, 'F32', draw);
    const asked = { operator: 'linearScan', mode: 'scan', dtype: 'F32', gradients: true, c } as const;
    const answer = await backend.answer(asked);
    // the forms of the operator, which store a number for each pair of tokens, are left out
    const allowed = allowedFor(operator, { mode: 'scan', dtype: 'F32', gradients: true, c });
    expect(answer.kind === 'numbers' && isRightAnswer(judged(allowed, answer.tensors, c.seed))).toBe(false);
  });

  it('a memory that is lost after 16 tokens', async () => {
    expect(
      (
        await found(
          'linearScan',
          'recurrent',
          scanFrom((t) => t - 15),
        )
      ).question,
    ).toBeLessThanOrEqual(size.cases);
  });

  it.each([
    ['channels beyond 8', 'linearScan', 'n', (i: number) => i >= 8],
    ['channels beyond 16', 'linearScan', 'n', (i: number) => i >= 16],
    ['channels beyond 64', 'selectiveScan', 'e', (i: number) => i >= 64],
    ['values beyond 16', 'simpleGla', 'e', (i: number) => i >= 16],
    ['a fourth head', 'retention', 'h', (i: number) => i === 3],
    ['a head beyond 16', 'retention', 'h', (i: number) => i >= 16],
    ['a third sequence', 'selectiveScan', 'b', (i: number) => i === 2],
    ['a fifth sequence', 'attention', 'b', (i: number) => i === 4],
    ['a state of 5', 'diagonalSsm', 'e', (_: number, e: number) => e === 5],
    ['a state of 17', 'linearScan', 'n', (_: number, n: number) => n === 17],
    ['a width of 65', 'rmsNorm', 'w', (_: number, w: number) => w === 65],
  ] as const)('wrong numbers of %s', async (_what, name, letter, isWrong) => {
    const mode = operators.find((one) => one.name === name)!.reference;
    expect((await found(name, mode, wrongAt(name, letter, isWrong))).question).toBeLessThanOrEqual(size.cases);
  });
});
