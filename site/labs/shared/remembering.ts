/** @file Remembers the last result of a function, where most changes of controls leave its arguments as they are. */

/** Returns a function that computes anew only if an argument differs from those of the call before. */
export function remembering<A extends readonly (number | string)[], R>(compute: (...args: A) => R): (...args: A) => R {
  let last: { readonly args: A; readonly result: R } | undefined;
  return (...args) => {
    if (last === undefined || last.args.some((x, i) => x !== args[i])) last = { args, result: compute(...args) };
    return last.result;
  };
}
