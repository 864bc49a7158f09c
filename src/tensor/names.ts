/** @file Finds the known name that is most similar to a mistyped one. */

/** Longer names are like none. */
const longestName = 100;

/**
 * Returns the known name that is most similar to a wrong one, ignoring case. If one known name contains `name`, it is the result; of
 * several, the one that begins with it and that all others begin with. Else the result is the name at the least edit distance, if that is at most 40 % of the length of `name`; or undefined.
 * @example
 * nearest('retentoin', ['linearScan', 'retention']) // 'retention'
 */
export function nearest(name: unknown, known: readonly string[]): string | undefined {
  // a damaged file may have a name of megabytes
  if (typeof name !== 'string' || name.length > longestName) return undefined;
  const wrong = name.toLowerCase();
  const lower = known.map((one) => one.toLowerCase());
  const containers = wrong.length < 3 ? [] : known.filter((_, i) => lower[i]!.includes(wrong));
  const [only] = containers;
  if (only !== undefined && containers.length === 1) return only;
  const stem = containers.find((one) => containers.every((other) => other.startsWith(one)));
  if (stem?.toLowerCase().startsWith(wrong)) return stem;
  const distances = lower.map((one) => editDistance(wrong, one));
  const least = Math.min(...distances);
  return least <= 0.4 * wrong.length ? known[distances.indexOf(least)] : undefined;
}

/**
 * Suggests the most similar known name at the end of an error message. Empty if {@link nearest} finds none.
 * @example
 * didYouMean('recurent', ['parallel', 'recurrent']) // " (did you mean 'recurrent'?)"
 */
export function didYouMean(name: unknown, known: readonly string[]): string {
  const meant = nearest(name, known);
  return meant === undefined ? '' : ` (did you mean '${meant}'?)`;
}

/** Edit distance: how many characters to insert, delete, replace or swap with their neighbour to turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  // rows[i][j] is the distance between the first i characters of a and the first j characters of b
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwap ? rows[i - 2]![j - 2]! + 1 : replaced;
      row.push(Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, replaced, swapped));
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
