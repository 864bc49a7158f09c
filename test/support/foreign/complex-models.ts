/** @file Kernels of diagonal state space models, complex or real: token by token, and as Toeplitz sums of powers. */
import type { Arithmetic } from './arithmetic.ts';
import { layerOf, roundedBy } from './layers.ts';
import { type Call, cotangent, type Kernel, type Numbers, need } from './program.ts';
import type { Dot } from './sums.ts';

/** A number of the complex plane; real models have no imaginary part. */
interface Complex {
  readonly re: number;
  readonly im: number;
}

const zero: Complex = { re: 0, im: 0 };
const conjugate = ({ re, im }: Complex): Complex => ({ re, im: -im });

/** Complex sums and products, by four real products. */
const complexSteps = (a: Arithmetic) => ({
  times: (x: Complex, y: Complex): Complex => ({
    re: a.fma(x.re, y.re, -a.mul(x.im, y.im)),
    im: a.fma(x.re, y.im, a.mul(x.im, y.re)),
  }),
  plusTimes: (x: Complex, y: Complex, z: Complex): Complex => ({
    re: a.fma(-x.im, y.im, a.fma(x.re, y.re, z.re)),
    im: a.fma(x.im, y.re, a.fma(x.re, y.im, z.im)),
  }),
  scaled: (by: number, x: Complex): Complex => ({ re: a.mul(by, x.re), im: a.mul(by, x.im) }),
  plusScaled: (by: number, x: Complex, z: Complex): Complex => ({
    re: a.fma(by, x.re, z.re),
    im: a.fma(by, x.im, z.im),
  }),
});

/** Powers 1, z, z², … z^count. */
export type Powers = (a: Arithmetic, z: Complex, count: number) => Complex[];

/** Powers one after another. */
export const runningPowers: Powers = (a, z, count) => {
  const { times } = complexSteps(a);
  const powers: Complex[] = [{ re: 1, im: 0 }];
  while (powers.length <= count) powers.push(times(powers.at(-1)!, z));
  return powers;
};

/** z^(2n) = z^n z^n and z^(2n+1) = z^(2n) z. */
export const squaredPowers: Powers = (a, z, count) => {
  const { times } = complexSteps(a);
  const powers: Complex[] = [{ re: 1, im: 0 }, z];
  for (let n = 2; n <= count; n++) {
    const half = powers[n >> 1]!;
    powers.push(n % 2 === 0 ? times(half, half) : times(powers[n - 1]!, z));
  }
  return powers;
};

/** The tensors of a complex model, or of a real one. */
const reader = (call: Call, isComplex: boolean) => (name: string) => {
  const re = need(call, isComplex ? `${name}.re` : name).data;
  const im = isComplex ? need(call, `${name}.im`).data : null;
  return (at: number): Complex => ({ re: re[at]!, im: im === null ? 0 : im[at]! });
};

/** The numbers of a layer of complex or real models. */
interface LayerNumbers {
  readonly output: Float64Array;
  readonly dx: Float64Array;
  readonly last: Complex[];
  readonly dA: Complex[];
  readonly dB: Complex[];
  readonly dC: Complex[];
  readonly dState: Complex[];
}

function namedLayer(a: Arithmetic, isComplex: boolean, { output, dx, last, ...rest }: LayerNumbers): Numbers {
  const parts = (name: string, x: readonly Complex[]): [string, Float64Array][] =>
    isComplex
      ? [
          [`${name}.re`, Float64Array.from(x, ({ re }) => re)],
          [`${name}.im`, Float64Array.from(x, ({ im }) => im)],
        ]
      : [[name, Float64Array.from(x, ({ re }) => re)]];
  return roundedBy(a, {
    'out/output': output,
    'grad/x': dx,
    ...Object.fromEntries([
      ...parts('out/state', last),
      ...parts('grad/a', rest.dA),
      ...parts('grad/b', rest.dB),
      ...parts('grad/c', rest.dC),
      ...parts('grad/state', rest.dState),
    ]),
  });
}

/** A kernel of a diagonal model, complex or real. A complex one outputs 2 Re(C h), so its cotangents are doubled. */
export type DiagonalKernel = (isComplex: boolean) => Kernel;

/** Token by token in complex arithmetic. */
export const byTokens: DiagonalKernel = (isComplex) => (call, a) => {
  const { batch, length, channels, x, dOutput, at } = layerOf(call);
  const [A, B, C, state] = ['a', 'b', 'c', 'state'].map(reader(call, isComplex)) as [Read, Read, Read, Read];
  const n = need(call, isComplex ? 'a.re' : 'a').shape[1]!;
  const dLast = lastCotangents(call, isComplex);
  const { times, plusTimes, plusScaled, scaled } = complexSteps(a);
  const numbers = emptyLayer(x.length, channels * n, batch * channels * n);
  const twice = isComplex ? 2 : 1;
  for (let row = 0; row < batch * channels; row++) {
    const [b, e] = [Math.floor(row / channels), row % channels];
    for (let i = 0; i < n; i++) {
      const [here, own] = [e * n + i, row * n + i];
      const states = [state(own)];
      for (let t = 0; t < length; t++) {
        const h = plusTimes(A(here), states[t]!, scaled(x[at(b, t, e)]!, B(here)));
        states.push({ re: a.state(h.re), im: a.state(h.im) });
        const read = a.sub(a.mul(C(here).re, h.re), a.mul(C(here).im, h.im));
        numbers.output[at(b, t, e)] = a.fma(twice, read, numbers.output[at(b, t, e)]!);
      }
      numbers.last[own] = states.at(-1)!;
      let r = dLast(own);
      for (let t = length - 1; t >= 0; t--) {
        const dy = a.mul(twice, dOutput[at(b, t, e)]!);
        r = plusScaled(dy, conjugate(C(here)), r);
        numbers.dA[here] = plusTimes(conjugate(states[t]!), r, numbers.dA[here]!);
        numbers.dB[here] = plusScaled(x[at(b, t, e)]!, r, numbers.dB[here]!);
        numbers.dC[here] = plusScaled(dy, conjugate(states[t + 1]!), numbers.dC[here]!);
        const map = B(here);
        numbers.dx[at(b, t, e)] = a.fma(map.re, r.re, a.fma(map.im, r.im, numbers.dx[at(b, t, e)]!));
        r = times(conjugate(A(here)), r);
      }
      numbers.dState[own] = r;
    }
  }
  return namedLayer(a, isComplex, numbers);
};

type Read = (at: number) => Complex;

const lastCotangents = (call: Call, isComplex: boolean): Read => {
  const re = cotangent(call, isComplex ? 'state.re' : 'state');
  const im = isComplex ? cotangent(call, 'state.im') : null;
  return (at) => ({ re: re[at]!, im: im === null ? 0 : im[at]! });
};

const emptyLayer = (sequence: number, layer: number, states: number): LayerNumbers => ({
  output: new Float64Array(sequence),
  dx: new Float64Array(sequence),
  last: new Array<Complex>(states).fill(zero),
  dA: new Array<Complex>(layer).fill(zero),
  dB: new Array<Complex>(layer).fill(zero),
  dC: new Array<Complex>(layer).fill(zero),
  dState: new Array<Complex>(states).fill(zero),
});

/** As a Toeplitz sum of powers: the kernel first, then a convolution; backward from the kernel's cotangent. */
export const byPowers =
  (powersOf: Powers, dot: Dot): DiagonalKernel =>
  (isComplex) =>
  (call, a) => {
    const { batch, length, channels, x, dOutput, at } = layerOf(call);
    const [A, B, C, state] = ['a', 'b', 'c', 'state'].map(reader(call, isComplex)) as [Read, Read, Read, Read];
    const n = need(call, isComplex ? 'a.re' : 'a').shape[1]!;
    const dLast = lastCotangents(call, isComplex);
    const { times, plusTimes, plusScaled, scaled } = complexSteps(a);
    const numbers = emptyLayer(x.length, channels * n, batch * channels * n);
    const twice = isComplex ? 2 : 1;
    for (let e = 0; e < channels; e++) {
      const own = Array.from({ length: n }, (_, i) => e * n + i);
      const powers = own.map((here) => powersOf(a, A(here), length));
      const maps = own.map((here) => times(C(here), B(here)));
      const lags = Array.from({ length }, (_, lag) => lag);
      const kernel = lags.map((lag) => {
        let total = 0;
        maps.forEach((map, i) => {
          const power = powers[i]![lag]!;
          total = a.fma(map.re, power.re, a.fma(-map.im, power.im, total));
        });
        return a.mul(twice, total);
      });
      const dKernel = new Float64Array(length);
      const dPowers = own.map(() => new Array<Complex>(length + 1).fill(zero));
      for (let b = 0; b < batch; b++) {
        const [input, dy] = [(t: number) => x[at(b, t, e)]!, (t: number) => dOutput[at(b, t, e)]!];
        for (let t = 0; t < length; t++) {
          let carried = 0;
          own.forEach((here, i) => {
            const [power, start] = [powers[i]![t + 1]!, state((b * channels + e) * n + i)];
            const [moved, read] = [times(power, start), C(here)];
            carried = a.fma(read.re, moved.re, a.fma(-read.im, moved.im, carried));
            const d = scaled(a.mul(twice, dy(t)), conjugate(read));
            dPowers[i]![t + 1] = plusTimes(d, conjugate(start), dPowers[i]![t + 1]!);
            const from = (b * channels + e) * n + i;
            numbers.dState[from] = plusTimes(d, conjugate(power), numbers.dState[from]!);
            numbers.dC[here] = plusScaled(a.mul(twice, dy(t)), conjugate(moved), numbers.dC[here]!);
          });
          numbers.output[at(b, t, e)] = dot(
            a,
            t + 1,
            (lag) => kernel[lag]!,
            (lag) => input(t - lag),
            a.mul(twice, carried),
          );
          numbers.dx[at(b, t, e)] = dot(
            a,
            length - t,
            (lag) => kernel[lag]!,
            (lag) => dy(t + lag),
            0,
          );
        }
        for (const lag of lags) {
          dKernel[lag] = dot(
            a,
            length - lag,
            (t) => input(t),
            (t) => dy(t + lag),
            dKernel[lag]!,
          );
        }
        own.forEach((here, i) => {
          const from = (b * channels + e) * n + i;
          const [d, start] = [dLast(from), state(from)];
          let last = times(powers[i]![length]!, start);
          numbers.dState[from] = plusTimes(conjugate(powers[i]![length]!), d, numbers.dState[from]!);
          dPowers[i]![length] = plusTimes(conjugate(start), d, dPowers[i]![length]!);
          for (let t = 0; t < length; t++) {
            const power = powers[i]![length - 1 - t]!;
            const map = B(here);
            const through = times(power, map);
            last = plusScaled(input(t), through, last);
            numbers.dB[here] = plusTimes(conjugate(power), scaled(input(t), d), numbers.dB[here]!);
            dPowers[i]![length - 1 - t] = plusTimes(conjugate(map), scaled(input(t), d), dPowers[i]![length - 1 - t]!);
            numbers.dx[at(b, t, e)] = a.fma(through.re, d.re, a.fma(through.im, d.im, numbers.dx[at(b, t, e)]!));
          }
          numbers.last[from] = last;
        });
      }
      own.forEach((here, i) => {
        const [map, read] = [B(here), C(here)];
        for (const lag of lags) {
          const [d, power] = [a.mul(twice, dKernel[lag]!), powers[i]![lag]!];
          numbers.dB[here] = plusScaled(d, conjugate(times(read, power)), numbers.dB[here]!);
          numbers.dC[here] = plusScaled(d, conjugate(times(map, power)), numbers.dC[here]!);
          dPowers[i]![lag] = plusScaled(d, conjugate(maps[i]!), dPowers[i]![lag]!);
        }
        for (let p = 1; p <= length; p++) {
          const slope = scaled(p, conjugate(powers[i]![p - 1]!));
          numbers.dA[here] = plusTimes(slope, dPowers[i]![p]!, numbers.dA[here]!);
        }
      });
    }
    return namedLayer(a, isComplex, numbers);
  };
