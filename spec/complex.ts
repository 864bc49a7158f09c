/** @file Arithmetic of complex numbers, for diagonal state space models. */
/** The complex number re + i im. */
export interface Complex {
  readonly re: number;
  readonly im: number;
}

/** x y. */
export function times(x: Complex, y: Complex): Complex {
  return { re: x.re * y.re - x.im * y.im, im: x.re * y.im + x.im * y.re };
}

/** a x for a real a. */
export function scaled(a: number, x: Complex): Complex {
  return { re: a * x.re, im: a * x.im };
}

/** x / y. */
export function over(x: Complex, y: Complex): Complex {
  const size = y.re * y.re + y.im * y.im;
  return scaled(1 / size, times(x, { re: y.re, im: -y.im }));
}

/** e^z = e^{re} (cos im + i sin im). */
export function exponential({ re, im }: Complex): Complex {
  return scaled(Math.exp(re), { re: Math.cos(im), im: Math.sin(im) });
}

/**
 * φ_1(z) = (e^z - 1) / z, and 1 at z = 0. For |z| < 1 it uses the series Σ_k z^k / (k + 1)!, which has no cancellation near 0. The
 * remainder after 20 terms is below 2^{-65}.
 */
export function phi1(z: Complex): Complex {
  if (z.im === 0) return { re: z.re === 0 ? 1 : Math.expm1(z.re) / z.re, im: 0 };
  const e = exponential(z);
  if (z.re * z.re + z.im * z.im >= 1) return over({ re: e.re - 1, im: e.im }, z);
  let total: Complex = { re: 0, im: 0 };
  for (let k = 20; k > 0; k--) {
    const inner = times(z, total);
    total = scaled(1 / k, { re: 1 + inner.re, im: inner.im });
  }
  return total;
}
