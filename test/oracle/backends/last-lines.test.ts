import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lastLines } from '../../../src/oracle/backends/last-lines.ts';

/** Collects the last lines of a text that arrives in pieces. */
function linesOf(text: string, cuts: readonly number[] = []): string[] {
  const bytes = Buffer.from(text);
  const end = lastLines(3, 20);
  const places = [...cuts.map((at) => at % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  places.forEach((to, i) => {
    end.push(bytes.subarray(i === 0 ? 0 : places[i - 1], to));
  });
  return end.lines();
}

describe('the last lines', () => {
  it.each([
    ['', []],
    ['one', ['one']],
    ['one\ntwo\r\n\n  \nthree\nfour', ['two', 'three', 'four']],
    [' 10 %\r 20 %\r 30 %\r 40 %', [' 20 %', ' 30 %', ' 40 %']],
    ['Error:\n    x = y\n        ^\n', ['Error:', '    x = y', '        ^']],
    ['\u001b[1;31mred\u001b[0m\u0007\n', ['red']],
    [`${'é'.repeat(30)}\nend`, [`${'é'.repeat(20)}…`, 'end']],
  ])('of %j', (text, lines) => {
    expect(linesOf(text)).toEqual(lines);
  });

  it('do not depend on how the text is split', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'é', '𝔸', ' ', '\n', '\r', '\t', '\u001b[1m') });
    fc.assert(
      fc.property(text, fc.array(fc.nat()), (whole, cuts) => {
        expect(linesOf(whole, cuts)).toEqual(linesOf(whole));
      }),
    );
  });
});
