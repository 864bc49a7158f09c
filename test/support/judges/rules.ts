/** @file The rules by which other judges of kernels accept an answer, as functions of its numbers. */

/** The numbers of one tensor: of an answer, of the reference in double precision, and of a plain program in the answer's type. */
export interface Compared {
  readonly name: string;
  readonly answer: Float64Array;
  readonly expected: Float64Array;
  readonly plain: Float64Array;
}

/** The types for which the rules have limits. */
export type JudgedType = 'F32' | 'BF16' | 'F16';

/** A rule, by the judge that has it. */
export interface Rule {
  readonly judge: string;
  /** The rule in words, with its limits. */
  readonly says: string;
  /** Whether the judge compares outputs only, and never gradients. */
  readonly outputsOnly: boolean;
  accepts(tensor: Compared, dtype: JudgedType): boolean;
}

type Limits = Readonly<Record<JudgedType, number>>;

const everyType = (limit: number): Limits => ({ F32: limit, BF16: limit, F16: limit });

/** |a − b| ≤ atol + rtol·|b| for all numbers but a share of them. NaN equals NaN, and an infinity itself. */
const allclose =
  (rtol: Limits, atol: Limits, share = 0) =>
  ({ answer, expected }: Compared, dtype: JudgedType): boolean => {
    let off = 0;
    expected.forEach((b, i) => {
      const a = answer[i]!;
      if (!Object.is(a + 0, b + 0) && !(Math.abs(a - b) <= atol[dtype] + rtol[dtype] * Math.abs(b))) off++;
    });
    return off <= share * expected.length;
  };

/** The largest |a − b|; infinite where only one is NaN or both are not equally infinite. */
function largestError(x: Float64Array, expected: Float64Array): number {
  let largest = 0;
  expected.forEach((b, i) => {
    const error = Object.is(x[i]! + 0, b + 0) ? 0 : Math.abs(x[i]! - b);
    largest = Math.max(largest, Number.isNaN(error) ? Number.POSITIVE_INFINITY : error);
  });
  return largest;
}

const rms = (x: Float64Array): number => Math.sqrt(x.reduce((total, one) => total + one * one, 0) / x.length);

/** The root mean square of errors is a small share of that of the reference, or no error is beyond 10⁻⁶. */
const rmseRatio =
  (limit: number) =>
  ({ answer, expected }: Compared): boolean =>
    largestError(answer, expected) <= 1e-6 || rms(answer.map((a, i) => a - expected[i]!)) < limit * rms(expected);

/** Twice the error of a plain program in the same type. */
const twicePlain = ({ answer, expected, plain }: Compared): boolean =>
  largestError(answer, expected) <= 2 * largestError(plain, expected) + 1e-5;

/** The rules, each with the limits in its judge's sources or pages as of September 2026. */
export const rules: readonly Rule[] = [
  {
    judge: 'torch.testing.assert_close',
    says: 'its defaults: rtol 1.3e-6 (F32), 1.6e-2 (BF16), 1e-3 (F16), atol 1e-5',
    outputsOnly: false,
    accepts: allclose({ F32: 1.3e-6, BF16: 1.6e-2, F16: 1e-3 }, everyType(1e-5)),
  },
  {
    judge: 'fla',
    says: 'root mean square of errors < 0.005 of the reference’s, or all errors ≤ 1e-6',
    outputsOnly: false,
    accepts: rmseRatio(0.005),
  },
  {
    judge: 'KernelBench',
    says: 'rtol = atol = 1e-4 (F32), 1e-2 (16 bits)',
    outputsOnly: true,
    accepts: allclose({ F32: 1e-4, BF16: 1e-2, F16: 1e-2 }, { F32: 1e-4, BF16: 1e-2, F16: 1e-2 }),
  },
  {
    judge: 'BackendBench',
    says: 'rtol = atol = 1e-2',
    outputsOnly: true,
    accepts: allclose(everyType(1e-2), everyType(1e-2)),
  },
  {
    judge: 'flash-attention',
    says: 'the largest error ≤ twice that of a plain program in the same type, + 1e-5',
    outputsOnly: false,
    accepts: twicePlain,
  },
  {
    judge: 'GPU MODE',
    says: 'linear attention: rtol = atol = 1e-3',
    outputsOnly: true,
    accepts: allclose(everyType(1e-3), everyType(1e-3)),
  },
];
