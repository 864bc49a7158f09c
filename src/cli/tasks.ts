/** @file densessm tasks: lists the synthetic tasks that train can take, with their settings. */
import { wrapped } from '../oracle/text.ts';
import { type Task, tasks } from '../training/index.ts';
import { colour, say, sayJson, tableLine, textWidth, type Voice, widthsOf } from './console.ts';

const columns = ['setting', 'default', 'least', 'most', 'meaning'];

/** A task with the length and levels of its default settings. */
const described = ({ name, description, paper, evidence, settings, problem }: Task) => {
  const { leastLength, chance } = problem();
  return { name, description, paper, evidence, settings, leastLength, chance };
};

/** Lines of a task: what it asks, its source, and its settings. */
function linesOf(
  { name, description, paper, settings, leastLength, chance }: ReturnType<typeof described>,
  width: number,
) {
  const rows = Object.entries(settings).map(([setting, { default: usual, least, most, meaning }]) =>
    [setting, usual, least, most, meaning].map(String),
  );
  const widths = widthsOf([columns, ...rows]);
  const facts = `Rows of at least ${leastLength} tokens by default; chance is ${chance.toFixed(4)}. ${paper}.`;
  return [
    colour.heading(name),
    ...wrapped(`${description}.`, width - 2).map((line) => `  ${line}`),
    ...wrapped(facts, width - 2).map((line) => colour.minor(`  ${line}`)),
    ...[columns, ...rows].map((cells) => `    ${tableLine(cells, widths, [1, 2, 3])}`),
    '',
  ];
}

/** Prints each task with its settings. Returns true: nothing can fail. */
export function tasksCommand({ json, quiet }: Voice): boolean {
  const all = Object.values(tasks).map(described);
  if (json) {
    sayJson('tasks', { ok: true, tasks: all });
    return true;
  }
  const width = textWidth();
  if (!quiet) for (const line of all.flatMap((one) => linesOf(one, width))) say(line);
  say(`${all.length} tasks; densessm train --task NAME --set SETTING=VALUE trains on one`);
  return true;
}
