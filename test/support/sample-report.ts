/** @file The report of a backend whose outputs are wrong from the second token on, and whose name is hostile. */
import { type Kernel, kernels, openKernels } from '../../src/oracle/backends/kernels.ts';
import { check } from '../../src/oracle/check/check.ts';
import type { Said } from '../../src/oracle/check/reports/page.ts';

/** A text that is no name. */
export const hostile = `<script>alert("x")</script> & ' \u0000`;

/** A linear scan, h_t = a_t h_{t-1} + b_t, whose outputs are not numbers from the second token on. */
const linearScan: Kernel = {
  modes: ['recurrent'],
  dtypes: ['F64'],
  run({ a, b, state }) {
    const [, time, channels] = a!.shape as [number, number, number];
    const output = Float64Array.from(b!.data);
    const h = Float64Array.from(state!.data);
    for (let i = 0; i < output.length; i++) {
      const at = Math.floor(i / (time * channels)) * channels + (i % channels);
      h[at] = a!.data[i]! * h[at]! + b!.data[i]!;
      output[i] = Math.floor(i / channels) % time === 0 ? h[at]! : Number.NaN;
    }
    return { output: { shape: b!.shape, data: output }, state: { shape: state!.shape, data: h } };
  },
};

/** Its report. */
export const report = await check(await openKernels(kernels(hostile, { linearScan })), {
  cases: 12,
  longest: 9,
  seed: 1,
  operators: ['linearScan'],
  modes: ['recurrent'],
  dtypes: ['F64'],
  keepGoing: true,
});
/** What is said beside its rows. */
export const said: Said = {
  command: `densessm check --backend "${hostile}"`,
  verdict: 'FAIL: 0 of 1 rows right',
  remarks: [hostile],
  failures: report.rows.map((row) => ({ row, others: [], isAlone: null })),
  again: ({ operator }, { seed }) => `again ${operator} ${seed} ${hostile}`,
};
