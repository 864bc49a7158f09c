/** @file Foreign programs of time-invariant state space models: scans, powers in Toeplitz sums, complex and full matrices. */
import { byPowers, byTokens, runningPowers, squaredPowers } from './complex-models.ts';
import { layerOf, roundedBy } from './layers.ts';
import { cotangent, type Foreign, type Kernel, need } from './program.ts';
import { byWorkers, doubling, type Scan, scanned, sequential, upAndDown } from './scans.ts';
import { type Dot, inOrder, pairwise, reversed, splitK } from './sums.ts';

/** A diagonal model by a scan of each state, with the selected features of other layers if there are any. */
const diagonalByScan =
  (scan: Scan, dot: Dot = inOrder): Kernel =>
  (call, a) => {
    const { batch, length, channels, x, dOutput, at } = layerOf(call);
    const [A, B, C, state] = ['a', 'b', 'c', 'state'].map((name) => need(call, name).data) as [
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    const dLast = cotangent(call, 'state');
    const n = A.length / channels;
    const isCarried = call.settings.carry === 'fused';
    const sources = Object.keys(call.inputs).filter((name) => name.startsWith('selected.'));
    const selected = (place: number): number =>
      sources.reduceRight((total, name) => a.add(total, need(call, name).data[place]!), 0);
    const dSelected = new Float64Array(x.length * n);
    const like = (y: Float64Array): Float64Array => new Float64Array(y.length);
    const [output, last, dx, dA, dB, dC, dState] = [x, state, x, A, B, C, state].map(like) as [
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    const steps = Array.from({ length }, (_, t) => t);
    for (let row = 0; row < batch * channels; row++) {
      const [b, e] = [Math.floor(row / channels), row % channels];
      const runs = Array.from({ length: n }, (_, i) => {
        const [decay, map, read] = [A[e * n + i]!, B[e * n + i]!, C[e * n + i]!];
        const own = {
          decays: new Float64Array(length).fill(a.decay(decay)),
          drives: Float64Array.from(steps, (t) =>
            a.fma(map, x[at(b, t, e)]!, isCarried ? selected(at(b, t, e) * n + i) : 0),
          ),
          start: state[row * n + i]!,
        };
        const ofStates = Float64Array.from(steps, (t) => a.mul(read, dOutput[at(b, t, e)]!));
        const run = scanned(a, scan, own, ofStates, dLast[row * n + i]!);
        const before = (t: number): number => (t === 0 ? own.start : run.h[t - 1]!);
        last[row * n + i] = run.h.at(-1) ?? own.start;
        dState[row * n + i] = run.dStart;
        for (const t of steps) dSelected[at(b, t, e) * n + i] = isCarried ? run.r[t]! : ofStates[t]!;
        const seen = isCarried ? run.h : run.h.map((h, t) => a.add(h, selected(at(b, t, e) * n + i)));
        dA[e * n + i] = dot(a, length, (t) => run.r[t]!, before, dA[e * n + i]!);
        dB[e * n + i] = dot(
          a,
          length,
          (t) => run.r[t]!,
          (t) => x[at(b, t, e)]!,
          dB[e * n + i]!,
        );
        dC[e * n + i] = dot(
          a,
          length,
          (t) => seen[t]!,
          (t) => dOutput[at(b, t, e)]!,
          dC[e * n + i]!,
        );
        return { ...run, seen };
      });
      for (const t of steps) {
        output[at(b, t, e)] = dot(
          a,
          n,
          (i) => C[e * n + i]!,
          (i) => runs[i]!.seen[t]!,
          0,
        );
        dx[at(b, t, e)] = dot(
          a,
          n,
          (i) => B[e * n + i]!,
          (i) => runs[i]!.r[t]!,
          0,
        );
      }
    }
    return roundedBy(a, {
      'out/output': output,
      'out/state': last,
      'grad/x': dx,
      'grad/a': dA,
      'grad/b': dB,
      'grad/c': dC,
      'grad/state': dState,
      ...Object.fromEntries(sources.map((name) => [`grad/${name}`, dSelected])),
    });
  };

/** A full matrix, token by token. */
const matrixByTokens =
  (dot: Dot): Kernel =>
  (call, a) => {
    const { batch, length, channels, x, dOutput, at } = layerOf(call);
    const [A, B, C, state] = ['a', 'b', 'c', 'state'].map((name) => need(call, name).data) as [
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    const n = B.length / channels;
    const like = (y: Float64Array): Float64Array => new Float64Array(y.length);
    const [output, last, dx, dA, dB, dC, dState] = [x, state, x, A, B, C, state].map(like) as [
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    for (let row = 0; row < batch * channels; row++) {
      const [b, e] = [Math.floor(row / channels), row % channels];
      const entry = (i: number, j: number): number => A[(e * n + i) * n + j]!;
      const states = [state.slice(row * n, (row + 1) * n)];
      for (let t = 0; t < length; t++) {
        const before = states[t]!;
        const h = before.map((_, i) =>
          a.state(
            dot(
              a,
              n,
              (j) => entry(i, j),
              (j) => before[j]!,
              a.mul(B[e * n + i]!, x[at(b, t, e)]!),
            ),
          ),
        );
        states.push(h);
        output[at(b, t, e)] = dot(
          a,
          n,
          (i) => C[e * n + i]!,
          (i) => h[i]!,
          0,
        );
      }
      last.set(states.at(-1)!, row * n);
      let r = cotangent(call, 'state').slice(row * n, (row + 1) * n);
      for (let t = length - 1; t >= 0; t--) {
        const dy = dOutput[at(b, t, e)]!;
        const now = r.map((value, i) => a.fma(dy, C[e * n + i]!, value));
        for (let i = 0; i < n; i++) {
          dB[e * n + i] = a.fma(now[i]!, x[at(b, t, e)]!, dB[e * n + i]!);
          dC[e * n + i] = a.fma(dy, states[t + 1]![i]!, dC[e * n + i]!);
          for (let j = 0; j < n; j++) {
            const place = (e * n + i) * n + j;
            dA[place] = a.fma(now[i]!, states[t]![j]!, dA[place]!);
          }
        }
        dx[at(b, t, e)] = dot(
          a,
          n,
          (i) => B[e * n + i]!,
          (i) => now[i]!,
          0,
        );
        r = now.map((_, j) =>
          dot(
            a,
            n,
            (i) => entry(i, j),
            (i) => now[i]!,
            0,
          ),
        );
      }
      dState.set(r, row * n);
    }
    return roundedBy(a, {
      'out/output': output,
      'out/state': last,
      'grad/x': dx,
      'grad/a': dA,
      'grad/b': dB,
      'grad/c': dC,
      'grad/state': dState,
    });
  };

const program =
  (operator: string) =>
  (name: string, modes: readonly string[], says: string, run: Kernel): Foreign => ({
    name,
    operator,
    modes,
    says,
    run,
  });

const diagonal = program('diagonalSsm');
const dense = program('denseSsm');
const complex = program('complexSsm');
const matrix = program('matrixSsm');

/** Foreign programs of time-invariant state space models. */
export const stateSpaces: readonly Foreign[] = [
  diagonal(
    'one thread a state',
    ['recurrent', 'scan'],
    'multiply-adds; channels from the last',
    diagonalByScan(sequential, reversed),
  ),
  diagonal('block scan', ['logStep', 'chunkwise'], 'four tokens a worker', diagonalByScan(byWorkers, splitK)),
  diagonal('Hillis and Steele', ['logStep'], 'pairs combined by doubling', diagonalByScan(doubling, pairwise)),
  diagonal('Blelloch', ['logStep'], 'a tree up and down', diagonalByScan(upAndDown)),
  diagonal(
    'Toeplitz, running powers',
    ['direct', 'fft'],
    'kernel and convolution; powers one after another',
    byPowers(runningPowers, inOrder)(false),
  ),
  diagonal(
    'Toeplitz, squared powers',
    ['direct'],
    'powers by squaring; sums by halves',
    byPowers(squaredPowers, pairwise)(false),
  ),
  complex('four products', ['recurrent'], 'complex multiply-adds, real parts summed over states', byTokens(true)),
  complex(
    'Toeplitz, running powers',
    ['direct', 'fft'],
    'complex powers one after another',
    byPowers(runningPowers, splitK)(true),
  ),
  complex(
    'Toeplitz, squared powers',
    ['direct'],
    'complex powers by squaring',
    byPowers(squaredPowers, reversed)(true),
  ),
  matrix('rows by halves', ['recurrent'], 'sums of a row by halves, into B x', matrixByTokens(pairwise)),
  matrix('split rows', ['recurrent'], 'sums of a row by four workers', matrixByTokens(splitK)),
  dense('one thread a state', ['recurrent', 'scan'], 'features summed first', diagonalByScan(sequential, reversed)),
  dense('block scan', ['logStep', 'chunkwise'], 'four tokens a worker', diagonalByScan(byWorkers, splitK)),
  dense('Hillis and Steele', ['logStep'], 'pairs combined by doubling', diagonalByScan(doubling)),
  diagonal('complex arithmetic', ['recurrent'], 'as a complex model without imaginary parts', byTokens(false)),
];
