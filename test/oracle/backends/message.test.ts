import { describe, expect, it } from 'vitest';
import { bfloat16State, profiles, tf32 } from '../../../src/executors/profiles/profile.ts';
import { formatSafetensors, parseSafetensors, type TensorToStore } from '../../../src/io/safetensors.ts';
import { dtypes } from '../../../src/oracle/backends/backend.ts';
import { answerIn, describeFile, descriptionIn, largestAnswer, runFile } from '../../../src/oracle/backends/message.ts';
import type { Settings } from '../../../src/oracle/case.ts';
import { InputError } from '../../../src/tensor/errors.ts';
import { question } from '../../support/strangers.ts';

const file = (texts: Record<string, string>, tensors: Record<string, TensorToStore> = {}): Uint8Array =>
  formatSafetensors(new Map(Object.entries(tensors)), new Map(Object.entries(texts)));

const one: TensorToStore = { dtype: 'F64', shape: [1], data: [0.1] };

describe('a question', () => {
  const full = question(3, { gradients: true });
  const asked = {
    ...full,
    c: {
      ...full.c,
      inputs: { ...full.c.inputs, ids: { shape: [2], data: Float64Array.of(4, 5), kind: 'index' as const } },
    },
  };

  it('describe has a message and an id', () => {
    const { tensors, metadata } = parseSafetensors(describeFile('7'), 'file');
    expect(tensors.size).toBe(0);
    expect(Object.fromEntries(metadata)).toEqual({ message: 'describe', id: '7' });
  });

  it.each(dtypes)('run sends reals as %s, indices as I32, and the settings as JSON', (dtype) => {
    const { tensors, metadata } = parseSafetensors(runFile('8', { ...asked, dtype }), 'file');
    expect(Object.fromEntries(metadata)).toEqual({
      message: 'run',
      id: '8',
      operator: 'retention',
      mode: 'parallel',
      dtype,
      gradients: 'true',
      settings: '{"decay":[0.5]}',
      memory: 'contiguous',
    });
    expect(Object.fromEntries(tensors)).toEqual({
      'in/x': { dtype, shape: [3], data: Float64Array.of(0.5, 1.5, 2.5) },
      'in/ids': { dtype: 'I32', shape: [2], data: Float64Array.of(4, 5) },
      'cotangent/y': { dtype, shape: [3], data: Float64Array.of(1, 1, 1) },
    });
  });

  it('asks for strided tensors where a case has them', () => {
    const { metadata } = parseSafetensors(runFile('8', { ...full, c: { ...full.c, memory: 'strided' } }), 'file');
    expect(metadata.get('memory')).toBe('strided');
  });

  it('names the taps with their shapes, and gives them room in the answer', () => {
    const taps = { state: [2, 3], scores: [4] };
    const { metadata } = parseSafetensors(runFile('8', { ...asked, taps }), 'file');
    expect(metadata.get('taps')).toBe('{"state":[2,3],"scores":[4]}');
    expect(largestAnswer({ ...asked, taps })).toBe(largestAnswer(asked) + 32 * (6 + 4));
  });

  it('sends cotangents only where gradients are asked for', () => {
    const { tensors, metadata } = parseSafetensors(runFile('8', { ...asked, gradients: false }), 'file');
    expect([...tensors.keys()].sort()).toEqual(['in/ids', 'in/x']);
    expect(metadata.get('gradients')).toBe('false');
  });

  it('refuses settings that JSON would change', () => {
    const settings: Settings = { decay: [0.5, Number.POSITIVE_INFINITY] };
    expect(() => runFile('8', { ...asked, c: { ...asked.c, settings } })).toThrow(InputError);
    expect(() => runFile('8', { ...asked, c: { ...asked.c, settings } })).toThrow('the setting "1" is Infinity');
  });

  it('allows an answer of 1 MiB plus 32 bytes per input and output number', () => {
    expect(largestAnswer(asked)).toBe(2 ** 20 + 32 * (3 + 2 + 3));
  });
});

describe('an answer', () => {
  it('passes on numbers of any type and shape', () => {
    const answer = answerIn(file({ message: 'answer', id: '3' }, { 'out/y': one, 'grad/in/x': one }), '3');
    expect(answer).toEqual({
      kind: 'numbers',
      tensors: new Map([
        ['out/y', { ...one, data: Float64Array.of(0.1) }],
        ['grad/in/x', { ...one, data: Float64Array.of(0.1) }],
      ]),
    });
  });

  it('gives its reason in one line when it is unsupported or an error', () => {
    expect(answerIn(file({ message: 'unsupported', id: '3', reason: 'T\nis > 64' }), '3')).toEqual({
      kind: 'unsupported',
      reason: 'T is > 64',
    });
    const reason = `${'a\n'.repeat(3000)}`;
    expect(answerIn(file({ message: 'error', id: '3', reason }), '3')).toMatchObject({
      kind: 'said-so',
      message: expect.stringMatching(/^it reports an error: .{500}…$/),
    });
  });

  it.each([
    [
      'wrong-id',
      file({ message: 'answer', id: '2' }),
      'it answered question 2, which was over, in place of question 3',
    ],
    [
      'wrong-id',
      file({ message: 'answer', id: '4' }),
      'it answered a question "4", which was not asked, in place of question 3',
    ],
    [
      'wrong-id',
      file({ message: 'answer', id: '' }),
      'it answered a question "", which was not asked, in place of question 3',
    ],
    [
      'wrong-message',
      file({ message: 'answer' }),
      "its message has no text 'id'; it must repeat the question's, here \"3\"",
    ],
    [
      'wrong-message',
      file({ id: '3' }),
      "its message has no text 'message'; here it is one of answer, unsupported and error",
    ],
    [
      'wrong-message',
      file({ message: 'run', id: '3' }),
      'its message is "run"; expected here is one of answer, unsupported and error; does it send back what it reads?',
    ],
    ['wrong-message', file({ message: 'unsupported', id: '3' }), "its message unsupported has no text 'reason'"],
    ['wrong-message', file({ message: 'error', id: '3', reason: ' \n' }), "its message error has no text 'reason'"],
    [
      'wrong-message',
      file({ message: 'answer', id: '3' }, { 'in/x': one }),
      'its answer has the tensor "in/x"; names begin with out/, grad/ or tap/',
    ],
    [
      'wrong-message',
      file({ message: 'answer', id: '3' }, { 'out/': one }),
      'its answer has the tensor "out/"; names begin with out/, grad/ or tap/',
    ],
    [
      'not-a-message',
      new Uint8Array(0),
      'its message: 0 bytes are no safetensors file, which begins with 8; the file is damaged or was cut off: fetch or write it again',
    ],
  ])('that is malformed gives a failure: %s', (kind, bytes, message) => {
    expect(answerIn(bytes, '3')).toEqual({ kind, message, stderr: [] });
  });
});

describe('a description', () => {
  const offer = { modes: ['parallel'], dtypes: ['F32'], gradients: true };
  const described = (changes: Record<string, string | null>): Uint8Array => {
    const texts = {
      message: 'description',
      id: '1',
      protocol: '1',
      name: 'n',
      operators: JSON.stringify({ a: offer }),
      ...changes,
    };
    return file(Object.fromEntries(Object.entries(texts).filter((text): text is [string, string] => text[1] !== null)));
  };

  it('has a name and operators', () => {
    expect(descriptionIn(described({}), '1')).toEqual({
      description: { name: 'n', operators: { a: offer } },
      compiles: false,
      repeats: false,
    });
    expect(descriptionIn(described({ compiles: 'true', operators: '{}' }), '1')).toEqual({
      description: { name: 'n', operators: {} },
      compiles: true,
      repeats: false,
    });
  });

  const withOffer = (changes: object): Uint8Array =>
    described({ operators: JSON.stringify({ a: { ...offer, ...changes } }) });

  it('declares precisions, each for the type of its inputs, and forms', () => {
    const dtypes = ['BF16', 'F32'];
    const precision = ['tf32', { base: 'bf16', state: 'bf16' }];
    const form = { parallel: 'exponentials' };
    expect(descriptionIn(withOffer({ dtypes, precision, form }), '1')).toEqual({
      description: {
        name: 'n',
        operators: { a: { ...offer, dtypes, precision: { F32: tf32, BF16: bfloat16State }, form } },
      },
      compiles: false,
      repeats: false,
    });
    expect(descriptionIn(withOffer({ precision: 'tf32' }), '1')).toMatchObject({
      description: { operators: { a: { precision: { F32: tf32 } } } },
    });
  });

  it.each([
    [described({ protocol: '2' }), 'it speaks protocol "2"; this version of densessm speaks "1"'],
    [described({ protocol: null }), 'it speaks protocol missing; this version of densessm speaks "1"'],
    [described({ name: '' }), "its description has no text 'name'"],
    [described({ compiles: 'yes' }), 'its description says compiles: "yes"; it is true or false'],
    [described({ repeats: 'yes' }), 'its description says repeats: "yes"; it is true or false'],
    [described({ operators: null }), "its description has no text 'operators'"],
    [described({ operators: '[]' }), "the text 'operators' of its description is []; it is an object"],
    [
      described({ operators: '{"a": {}, "a": {}}' }),
      'the text \'operators\' of its description has the name "a" twice in one object; names are unique, rename one',
    ],
    [
      described({ operators: '{"a": 1}' }),
      'its description: operator "a" is 1; it is an object with modes, dtypes and gradients',
    ],
    [
      withOffer({ modes: 'parallel' }),
      'its description: operator "a" has modes "parallel"; they are a list of names, at least one',
    ],
    [withOffer({ modes: [] }), 'its description: operator "a" has modes []; they are a list of names, at least one'],
    [
      withOffer({ dtypes: ['float32'] }),
      'its description: operator "a" has dtypes ["float32"]; they are a list of F32, F64, BF16, F16, at least one',
    ],
    [
      withOffer({ precision: 'tf3' }),
      `its description: operator "a": precision is "tf3", which is not known; known are ${Object.keys(profiles).join(', ')} (did you mean 'tf32'?)`,
    ],
    [
      withOffer({ precision: 'bf16' }),
      'its description: operator "a" has precision "bf16" of inputs in bf16; its dtypes are F32',
    ],
    [
      withOffer({ precision: ['f32', 'tf32'] }),
      'its description: operator "a" has two precisions of inputs in F32; declare one',
    ],
    [
      withOffer({ form: { parallel: 1 } }),
      'its description: operator "a" has form {"parallel":1}; it is an object that names a form for each mode',
    ],
    [
      withOffer({ gradients: 'yes' }),
      'its description: operator "a" has gradients "yes"; they are true, false, or a list of inputs, at least one',
    ],
    [
      withOffer({ gradients: [] }),
      'its description: operator "a" has gradients []; they are true, false, or a list of inputs, at least one',
    ],
    [file({ message: 'answer', id: '1' }), 'its message is "answer"; expected here is one of description and error'],
  ])('that is malformed gives a failure (%#)', (bytes, message) => {
    expect(descriptionIn(bytes, '1')).toEqual({ kind: 'wrong-message', message, stderr: [] });
  });
});
