/** @file Groups the failing cases of a row by what explains them. */
import type { Cause, JudgedCase } from '../failure-data.ts';
import { conditionOf } from './condition.ts';

type Failed = JudgedCase & { readonly failure: NonNullable<JudgedCase['failure']> };

/** Failing cases that one explanation holds for, and those that are wrong alike. */
interface Group {
  readonly says: string;
  readonly isExplained: boolean;
  readonly own: Failed[];
  readonly alike: Failed[];
}

/** Groups the failing cases of a row by the fewest explanations that hold for all of them: each time that of most cases. */
export function causesOf(cases: readonly JudgedCase[]): Cause[] {
  const failed = cases.filter((one): one is Failed => one.failure !== null);
  const right = cases.filter(({ failure }) => failure === null);
  const groups: Group[] = [];
  let left: readonly Failed[] = failed;
  for (;;) {
    const counts = new Map<string, number>();
    for (const says of left.flatMap(({ failure }) => failure.explanations ?? []))
      counts.set(says, (counts.get(says) ?? 0) + 1);
    const [says] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), ['', 0]);
    if (says === '') break;
    const holds = ({ failure }: Failed): boolean => failure.explanations?.includes(says) ?? false;
    groups.push({ says, isExplained: true, own: left.filter(holds), alike: [] });
    left = left.filter((one) => !holds(one));
  }
  for (const one of left) {
    const names = tensorsOf([one]);
    const known = groups.find(({ own }) => isWithin(names, tensorsOf(own)));
    const says = unexplained(one);
    const same = groups.find((group) => !group.isExplained && group.says === says);
    if (same !== undefined) same.own.push(one);
    else if (names.length > 0 && known !== undefined) known.alike.push(one);
    else groups.push({ says, isExplained: false, own: [one], alike: [] });
  }
  return merged(groups, right).map((group) => causeOf(group, right));
}

/**
 * Joins groups that fail in exactly the same cases, by one condition, if a tensor is wrong in both: the condition says more than what each
 * of them is instead. Two explanations stay two, as they may be two faults.
 */
function merged(groups: readonly Group[], right: readonly JudgedCase[]): Group[] {
  const found: { readonly group: Group; readonly condition: string | null }[] = [];
  for (const group of groups) {
    const shared = conditionOf([...group.own, ...group.alike], right);
    const condition = shared?.right === 0 ? shared.says : null;
    const at = found.findIndex(
      (one) => condition !== null && one.condition === condition && mayBeOne(one.group, group),
    );
    const known = found[at]?.group;
    if (known === undefined) found.push({ group, condition });
    else found[at] = { condition, group: { ...known, alike: [...known.alike, ...group.own, ...group.alike] } };
  }
  return found.map(({ group }) => group);
}

/** Whether a later group may be of the fault of an earlier one. Explained groups come first. */
const mayBeOne = ({ own }: Group, later: Group): boolean =>
  !later.isExplained && tensorsOf(later.own).some((name) => tensorsOf(own).includes(name));

const tensorsOf = (cases: readonly Failed[]): string[] => [...new Set(cases.flatMap(({ failure }) => failure.tensors))];

const isWithin = (names: readonly string[], others: readonly string[]): boolean =>
  names.every((name) => others.includes(name));

/** What is wrong in a case that nothing explains. */
const unexplained = ({ failure: { kind, tensors } }: Failed): string =>
  tensors.length === 0 ? kind : `unexplained: ${tensors.join(', ')} wrong`;

function causeOf({ says, isExplained, own, alike }: Group, right: readonly JudgedCase[]): Cause {
  const all = [...own, ...alike];
  const wrongIn = Object.fromEntries(
    tensorsOf(all).map((name) => [name, all.filter(({ failure }) => failure.tensors.includes(name)).length]),
  );
  return {
    says,
    isExplained,
    cases: own.length,
    alike: alike.length,
    wrongIn,
    condition: conditionOf(all, right),
    replay: all[0]!.replay,
  };
}
