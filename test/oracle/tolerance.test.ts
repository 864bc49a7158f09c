import { describe, expect, it } from 'vitest';
import type { Case } from '../../src/oracle/case.ts';
import { sampleCases } from '../../src/oracle/draw.ts';
import { operators } from '../../src/oracle/operators/index.ts';
import { retention } from '../../src/oracle/operators/retention/operator.ts';
import type { Program } from '../../src/oracle/program.ts';
import { boundsOf, numbersOf } from '../../src/oracle/tolerance.ts';
import { scale } from '../../src/tensor/primitives/scale.ts';

/** A program's numbers on a case, computed alone and together with its bounds. */
const bothWays = (program: Program, c: Case) => {
  const alone = numbersOf(program, { ...c });
  boundsOf(program, c);
  return { alone, withBounds: numbersOf(program, c) };
};

describe('numbersOf', () => {
  it.each(operators)('gives the same bits for $name with and without bounds', (operator) => {
    for (const c of sampleCases(operator, { longest: 6 }, 3, 1)) {
      for (const mode of Object.keys(operator.modes).filter((one) => operator.admits(c.settings, one))) {
        const { alone, withBounds } = bothWays(operator.modes[mode]!, c);
        expect(withBounds, mode).toEqual(alone);
      }
    }
  });

  it('gives other bits for a program that asks for its executor', () => {
    const faulty: Program = (inputs, settings) => {
      const { output, ...rest } = retention.modes.recurrent!(inputs as never, settings as never);
      return { ...rest, output: inputs.q!.on.root.name === 'f64' ? output : scale(output, 1 + 2 ** -52) };
    };
    const [c] = sampleCases(retention, { longest: 6 }, 1, 1);
    const { alone, withBounds } = bothWays(faulty, c!);
    expect(withBounds).not.toEqual(alone);
  });
});
