/** @file Lists the commands of the program. */
import { Command } from 'commander';
import { groups } from '../../src/cli/program.ts';

/** The commands that have --json, as they are called. */
export async function commandsWithJson(): Promise<string[]> {
  const main = new Command();
  for (const { load } of groups) (await load())(main, () => {});
  const leaves = (command: Command, before: string): string[] => {
    const name = `${before}${command.name()}`;
    const own = command.options.some(({ long }) => long === '--json') ? [name] : [];
    return [...own, ...command.commands.flatMap((one) => leaves(one, `${name} `))];
  };
  return main.commands.flatMap((one) => leaves(one, ''));
}
