/** @file Computes a result at most once. */

/** Returns a function that computes its result at the first call and returns the same result at later calls. */
export function once<T>(compute: () => T): () => T {
  let kept: { readonly result: T } | undefined;
  return () => {
    kept ??= { result: compute() };
    return kept.result;
  };
}
