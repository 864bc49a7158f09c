import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson } from '../../src/io/json.ts';
import { quoted } from '../../src/io/text.ts';
import { InputError } from '../../src/tensor/errors.ts';

describe('parseJson', () => {
  it('equals JSON.parse on valid JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('', ' ', '\n\t'), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(parseJson(text, 'text')).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([
    ['{"a": 1, "a": 2}', 'a'],
    ['{"a": 1, "\\u0061" : 2}', 'a'],
    ['[{"x": {"b": "a", "c": ["b", "b"], "b"\n: 3}}]', 'b'],
    ['{"__proto__": 1, "__proto__": 2}', '__proto__'],
    ['{"\\"": 1, "\\"": 2}', '"'],
  ])('finds the repeated name in %s', (text, name) => {
    expect(() => parseJson(text, 'header')).toThrow(`header has the name ${quoted(name)} twice`);
  });

  it('accepts one name in two objects, and a string equal to a name', () => {
    expect(parseJson('{"a": {"a": "a"}, "b": [{"a": 1}, {"a": "b"}], "c": "\\"a\\":"}', 'text')).toBeTypeOf('object');
  });

  it.each([
    ['lists', '[', ']'],
    ['objects', '{"a":', '}'],
  ])('refuses %s nested more than 100 deep, which would exhaust the stack of recursive functions', (_, open, close) => {
    const nested = (depth: number): string => `${open.repeat(depth)}1${close.repeat(depth)}`;
    expect(parseJson(nested(100), 'f.json')).toEqual(JSON.parse(nested(100)));
    expect(() => parseJson(nested(101), 'f.json')).toThrow(/^f\.json is nested more than 100 deep; write it flatter$/);
    expect(() => parseJson(nested(1_000_000), 'f.json')).toThrow(InputError);
  });

  it('removes control characters of the text from its message', () => {
    expect(() => parseJson('\u001b[2J\u0000\u009b{', 'f.json')).toThrow(/^\P{Cc}+$/u);
  });

  it('refuses text that is not JSON, with a message of one line', () => {
    for (const text of ['', '{', '{"a"\n\n:\n}', 'nul\nl', '{"a": 01}']) {
      expect(() => parseJson(text, 'f.json')).toThrow(InputError);
      expect(() => parseJson(text, 'f.json')).toThrow(/^f\.json is not JSON \([^\n]*\); write the file again$/);
    }
  });
});

describe('quoted', () => {
  it('keeps foreign text on one short line', () => {
    expect(quoted('a\n\u001b[31m')).toBe('"a\\n\\u001b[31m"');
    expect(quoted('\u007f\u009b31m')).toBe('"\\u007f\\u009b31m"');
    expect(quoted('x'.repeat(1000)).length).toBeLessThan(130);
  });
});
