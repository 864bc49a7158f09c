/** @file Foreign programs of discretisation. */
import type { Arithmetic } from './arithmetic.ts';
import { type Call, cotangent, type Foreign, type Kernel, need } from './program.ts';

/** φ(z) = (e^z − 1) / z and its slope φ′(z), and e^z. */
type Held = (a: Arithmetic, z: number) => { readonly power: number; readonly phi: number; readonly slope: number };

/** Σ z^k / (k + 1)! and Σ (k + 1) z^k / (k + 2)!, by Horner's rule. */
function series(a: Arithmetic, z: number): { readonly phi: number; readonly slope: number } {
  let [phi, slope] = [0, 0];
  const inverse = [1];
  for (let k = 1; k < 24; k++) inverse.push(inverse[k - 1]! / k);
  for (let k = 21; k >= 0; k--) {
    phi = a.fma(phi, z, a.constant(inverse[k + 1]!));
    slope = a.fma(slope, z, a.constant((k + 1) * inverse[k + 2]!));
  }
  return { phi, slope };
}

/** expm1 divided by z; the slope, which cancels, by its series near 0. */
const byExpm1: Held = (a, z) => {
  const power = a.exp(z);
  const phi = z === 0 ? 1 : a.div(a.expm1(z), z);
  return { power, phi, slope: Math.abs(z) < 1 ? series(a, z).slope : a.div(a.sub(power, phi), z) };
};

/** exp − 1 divided by z, or the series where that cancels. */
const byTaylor: Held = (a, z) => {
  const power = a.exp(z);
  if (Math.abs(z) < 1) return { power, ...series(a, z) };
  const phi = a.div(a.sub(power, 1), z);
  return { power, phi, slope: a.div(a.sub(power, phi), z) };
};

const discretiseKernel =
  (held: Held): Kernel =>
  (call, a) => {
    const [A, B, delta] = [need(call, 'a'), need(call, 'b').data, need(call, 'delta').data];
    const n = A.shape[1]!;
    const [dABar, dBBar] = [cotangent(call, 'a'), cotangent(call, 'b')];
    const like = (x: Float64Array): Float64Array => new Float64Array(x.length);
    const [aBar, bBar, dA, dB, dDelta] = [like(B), like(B), like(B), like(B), like(delta)];
    B.forEach((b, at) => {
      const e = Math.floor(at / n);
      const [step, rate, ga, gb] = [delta[e]!, A.data[at]!, dABar[at]!, dBBar[at]!];
      const z = a.mul(step, rate);
      const own = stepOf(a, call.settings.rule as string, held, z);
      const scaled = a.mul(step, b);
      aBar[at] = a.out(own.decay);
      bBar[at] = a.out(a.mul(own.drive, scaled));
      const dz = a.fma(ga, own.decaySlope, a.mul(a.mul(gb, scaled), own.driveSlope));
      dA[at] = a.out(a.mul(dz, step));
      dB[at] = a.out(a.mul(gb, a.mul(step, own.drive)));
      dDelta[e] = a.add(dDelta[e]!, a.fma(dz, rate, a.mul(gb, a.mul(own.drive, b))));
    });
    return { 'out/a': aBar, 'out/b': bBar, 'grad/a': dA, 'grad/b': dB, 'grad/delta': dDelta.map(a.out) };
  };

/** Ā and B̄ / (Δ B) of z = Δ A, with their slopes. */
function stepOf(a: Arithmetic, rule: string, held: Held, z: number) {
  if (rule === 'euler') return { decay: a.add(1, z), drive: 1, decaySlope: 1, driveSlope: 0 };
  if (rule === 'bilinear') {
    const half = a.mul(0.5, z);
    const drive = a.div(1, a.sub(1, half));
    const square = a.mul(drive, drive);
    return { decay: a.mul(a.add(1, half), drive), drive, decaySlope: square, driveSlope: a.mul(0.5, square) };
  }
  const { power, phi, slope } = held(a, z);
  return { decay: power, drive: phi, decaySlope: power, driveSlope: slope };
}

/** Takes diagonal real models. */
const ofReal = ({ settings }: Call): boolean => settings.form === 'real';

const program = (name: string, says: string, held: Held): Foreign => ({
  name,
  operator: 'discretise',
  modes: ['whole', 'channelwise'],
  says,
  run: discretiseKernel(held),
  admits: ofReal,
});

/** Foreign programs of discretisation. */
export const discretisations: readonly Foreign[] = [
  program('expm1', 'expm1(z) / z; its slope by a series near 0', byExpm1),
  program('exp − 1, series near 0', '(exp(z) − 1) / z, and a series where |z| < 1', byTaylor),
];
