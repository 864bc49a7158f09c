/** @file The lab of faults: a wrong program, the laws that reject it, the smallest failing case, and where the errors begin. */
import type { WorkerLab } from '../shared/lab.ts';
import { breakControls } from './controls.ts';

/** The rows of the table with which the page opens, and to which its links lead. Its worker has all. */
const opening = {
  retention: { 'chunkwise/carry-lost': '', 'parallel/powers-by-exp': '', 'chunkwise/gradient-stops-at-chunks': '' },
};

export const breakLab: WorkerLab = {
  name: 'break',
  title: 'Break it, and see who notices',
  short: 'Break it',
  description:
    'Choose a wrong program from the table of faults: the laws that reject it, the smallest failing case, and where its errors begin.',
  lead: 'Each fault is a wrong program, most of them after a bug that somebody had. The oracle tries it in front of you.',
  controls: breakControls(opening, 'retention'),
  script: 'assets/break.js',
  would:
    'With JavaScript, this page runs a wrong program of your choice in a worker. It lists the laws that reject it, draws error / bound as a heat map over the axes of a tensor, and shrinks the failure to the smallest case.',
  about: `The table has the laws that concern the operator, each tried on up to 12 drawn cases: two sequences, two heads, T tokens (up to 12 where results are exact), chunks of a drawn size or of yours. A number is right within <a href="../docs/tolerances.html">its own error bound</a>: teal cells are within it, amber ones beyond.
Choose a law to see the case that it rejects. A cell is the worst number along the other axes; arrow keys move between cells. Retention is in <a href="../spec/19-retention.html#eq-19">Eqs. 19 and 20</a>. Laws and cases of this kind also judge a kernel of yours: <a href="../docs/check-your-kernel.html">check your kernel</a>.`,
  tries: [
    {
      state: { tokens: 8, chunk: 8 },
      says: '<strong>T ≤ chunk size hides a lost carry.</strong> In one chunk of 8 nothing is carried, and every comparison with the definition accepts: only laws that divide or lengthen the sequence notice. Then set T to 9, and to 1, where no law can tell.',
    },
    {
      state: { fault: 'parallel/powers-by-exp', numbers: 'smallest' },
      says: '<strong>Zeros break it.</strong> γⁿ as exp(n log γ) is off by a few roundings, and the smallest failing case is all zeros: with γ = 0 it is NaN.',
    },
    {
      state: { fault: 'chunkwise/gradient-stops-at-chunks', tokens: 5 },
      says: '<strong>Every output is right.</strong> Only gradients are wrong: a test of outputs accepts it.',
    },
  ],
};
