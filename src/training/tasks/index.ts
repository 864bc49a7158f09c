/** @file Lists the synthetic tasks by name. */
import { fail } from '../../tensor/errors.ts';
import { didYouMean } from '../../tensor/names.ts';
import { associativeRecall } from './associative-recall.ts';
import { deepDetail } from './deep-detail.ts';
import { inductionHeads } from './induction-heads.ts';
import { selectiveCopying } from './selective-copying.ts';
import { stateTracking } from './state-tracking.ts';
import type { Task } from './task.ts';

export { type Accuracy, accuracyOf, mostProbable } from './accuracy.ts';
export { measureAccuracy } from './measure.ts';
export type { Task, TaskProblem, TaskSetting } from './task.ts';

/** The synthetic tasks by name. */
export const tasks: Readonly<Record<string, Task>> = Object.fromEntries(
  [selectiveCopying, inductionHeads, associativeRecall, stateTracking, deepDetail].map((task) => [task.name, task]),
);

/**
 * The task of a name. Throws on an unknown one.
 * @example
 * const { vocabulary, source } = taskNamed('state-tracking').problem({ things: 2 });
 * source(1)(0, 1, 64).labels.every((label) => label < vocabulary.characters.length) // true
 */
export function taskNamed(name: string): Task {
  const names = Object.keys(tasks);
  if (!Object.hasOwn(tasks, name))
    fail(`there is no task '${name}'; use one of ${names.join(', ')}${didYouMean(name, names)}`);
  return tasks[name]!;
}
