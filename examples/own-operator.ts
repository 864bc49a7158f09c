/** @file Declares an operator of one's own, a decayed sum, and tries every law on its modes and on a fault. */
import { add, at, concat, constantLike, einsum, scale, stack } from 'densessm';
import {
  axis,
  defineOperator,
  faultsOf,
  laws,
  layoutOf,
  lengths,
  over,
  rejection,
  sampleCases,
  tryLaw,
} from 'densessm/oracle';
import fc from 'fast-check';

const signature = 'x bte, state be -> output bte, state be';

const decayedSum = defineOperator({
  name: 'decayedSum',
  signature,
  // shapes and settings to draw; fast-check shrinks them
  layouts: (size) =>
    fc
      .record({ b: axis(size, 'b', 3), t: lengths(size), e: axis(size, 'e', 4), decay: fc.constantFrom(0.5, 0.9) })
      .map(({ decay, ...letters }) => layoutOf(signature, { lengths: letters, settings: { decay } })),
  // the scalar definition, at each b and e: x is a list of numbers over t
  definition: over('be', signature, ({ x, state }, { decay }: { decay: number }) => {
    let h = state;
    const output = x.map((x_t) => {
      h = decay * h + x_t;
      return h;
    });
    return { output, state: h };
  }),
  // sequences may be empty: laws cut them into parts
  modes: {
    recurrent({ x, state }, { decay }) {
      if (x.shape[1] === 0) return { output: x, state };
      let h = state;
      const rows = Array.from({ length: x.shape[1]! }, (_, t) => {
        h = add(scale(h, decay), at(x, 1, t));
        return h;
      });
      return { output: stack(rows, 1), state: h };
    },
    parallel({ x, state }, { decay }) {
      const t = x.shape[1]!;
      if (t === 0) return { output: x, state };
      // row r of the table has the weights of the state before, then of tokens 0 … r
      const power = (i: number): number => Math.floor(i / (t + 1)) + 1 - (i % (t + 1));
      const table = Float64Array.from({ length: t * (t + 1) }, (_, i) => (power(i) < 0 ? 0 : decay ** power(i)));
      // what the rounded numbers stand for: a law compares modes without rounding
      const exact = (i: number) => (power(i) < 0 ? undefined : (['power', decay, power(i)] as const));
      const weights = constantLike(x, table, [t, t + 1], undefined, exact);
      const output = einsum('ts,bse->bte', weights, concat([stack([state], 1), x], 1));
      return { output, state: at(output, 1, t - 1) };
    },
  },
  reference: 'recurrent',
  laws: { linearIn: ['x', 'state'], timeInvariant: true },
});

const [forgets] = faultsOf(decayedSum, [
  {
    name: 'state-ignored',
    says: 'starts from zeros',
    mode: 'parallel',
    rejectedBy: ['definition'],
    program: ({ x, state }, settings, run) => run({ x, state: scale(state, 0) }, settings),
  },
]);

for (const law of laws) {
  const tried = Object.keys(decayedSum.modes).map((mode) => {
    const cases = sampleCases(decayedSum, { longest: 8, ...law.size }, 20, 1);
    const { status, verdict } = tryLaw(law, decayedSum, mode, cases);
    return `${mode} ${status}${status === 'wrong' ? `: ${verdict.where}` : ''}`;
  });
  console.log(law.name.padEnd(12), tried.join(', '));
}
const definition = laws.find(({ name }) => name === 'definition')!;
const rejected = rejection(definition, forgets!, decayedSum, { cases: 20, longest: 8, seed: 1 });
console.log(`${forgets!.name} is rejected at case ${rejected?.cases}: ${rejected?.verdict.where}`);
