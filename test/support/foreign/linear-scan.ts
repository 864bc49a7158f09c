/** @file Foreign programs of the linear recurrence. */
import { cotangent, type Foreign, type Kernel, need } from './program.ts';
import { byWorkers, doubling, doublingFromStart, type Scan, scanned, sequential, upAndDown } from './scans.ts';

/** Makes a kernel that runs a scan on every channel. */
const byScan =
  (scan: Scan): Kernel =>
  (call, a) => {
    const [decays, drives, state] = [need(call, 'a'), need(call, 'b'), need(call, 'state')];
    const [batch, length, n] = decays.shape as [number, number, number];
    const [dOutput, dState] = [cotangent(call, 'output'), cotangent(call, 'state')];
    const empty = (): Float64Array => new Float64Array(batch * length * n);
    const [output, da, db] = [empty(), empty(), empty()];
    const [last, dStart] = [new Float64Array(batch * n), new Float64Array(batch * n)];
    for (let channel = 0; channel < batch * n; channel++) {
      const at = (t: number): number => (Math.floor(channel / n) * length + t) * n + (channel % n);
      const along = (x: Float64Array): Float64Array => Float64Array.from({ length }, (_, t) => x[at(t)]!);
      const start = state.data[channel]!;
      const own = { decays: along(decays.data), drives: along(drives.data), start };
      const { h, r, dStart: first } = scanned(a, scan, own, along(dOutput), dState[channel]!);
      for (let t = 0; t < length; t++) {
        output[at(t)] = a.out(h[t]!);
        da[at(t)] = a.out(a.mul(r[t]!, t === 0 ? start : h[t - 1]!));
        db[at(t)] = a.out(r[t]!);
      }
      last[channel] = a.out(h.at(-1) ?? start);
      dStart[channel] = a.out(first);
    }
    return { 'out/output': output, 'out/state': last, 'grad/a': da, 'grad/b': db, 'grad/state': dStart };
  };

const program = (name: string, modes: readonly string[], says: string, scan: Scan): Foreign => ({
  name,
  operator: 'linearScan',
  modes,
  says,
  run: byScan(scan),
});

const parallel = ['scan', 'logStep'];

/** Foreign programs of the linear recurrence. */
export const linearScans: readonly Foreign[] = [
  program('one thread a channel', ['recurrent', 'scan'], 'one multiply-add a token, forward and back', sequential),
  program('Hillis and Steele', parallel, 'pairs combined with the one 1, 2, 4, … before; the state last', doubling),
  program('Hillis and Steele from the state', parallel, 'the first token takes in the state', doublingFromStart),
  program('Blelloch', parallel, 'a tree up and down, the state last', upAndDown),
  program('block scan', parallel, 'four tokens a worker, then the workers’ totals', byWorkers),
];
