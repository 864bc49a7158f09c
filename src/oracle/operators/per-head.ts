/** @file Applies a definition for one head to every head of every sequence. */
import type { Matrix } from '../../../spec/notation.ts';
import { fromLists, type Lists, type Tensors, toLists } from '../case.ts';

/** One head's sequence, as the definitions take it. */
interface Head {
  readonly q: Matrix;
  readonly k: Matrix;
  readonly v: Matrix;
  readonly state: Matrix;
  readonly gamma: number;
}

/** A definition for one head, applied to every head of every sequence. */
export function perHead(
  inputs: Tensors,
  decay: readonly number[],
  define: (head: Head, frozen: Head) => Readonly<Record<'output' | 'state', Matrix>>,
  frozen: Tensors = inputs,
): Tensors {
  type Grid = readonly (readonly Matrix[])[];
  const headsOf = (tensors: Tensors): ((b: number, h: number) => Head) => {
    const [q, k, v, state] = ['q', 'k', 'v', 'state'].map((name) => toLists(tensors[name]!)) as unknown as [
      Grid,
      Grid,
      Grid,
      Grid,
    ];
    return (b, h) => ({ q: q[b]![h]!, k: k[b]![h]!, v: v[b]![h]!, state: state[b]![h]!, gamma: decay[h]! });
  };
  const [own, others] = [headsOf(inputs), headsOf(frozen)];
  const batch = inputs.q!.shape[0]!;
  const results = Array.from({ length: batch }, (_, b) => decay.map((_gamma, h) => define(own(b, h), others(b, h))));
  const gather = (name: 'output' | 'state'): Lists => results.map((heads) => heads.map((result) => result[name]));
  return {
    output: fromLists(gather('output'), inputs.v!.shape),
    state: fromLists(gather('state'), inputs.state!.shape),
  };
}
