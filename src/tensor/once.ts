/** @file A computation that runs at most once. */

/** A function that computes its result at the first call and keeps it: for what several readers share. */
export function once<T>(compute: () => T): () => T {
  let kept: { readonly result: T } | undefined;
  return () => {
    kept ??= { result: compute() };
    return kept.result;
  };
}
