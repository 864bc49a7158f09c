/** @file Generates the parts of pages about profiles: the known ones, and the tables of functions. */
import { functionTables } from '../../src/executors/profiles/functions.ts';
import { profiles } from '../../src/executors/profiles/profile.ts';
import { block, table } from './markdown.ts';

/** The makers, by kind of block. */
export const profileMakers = {
  /** The known profiles, with the type of their questions. */
  async profiles() {
    const rows = Object.values(profiles).map(({ name, says, at }) => [
      `\`${name}\``,
      `\`${at.input.name.toUpperCase()}\``,
      says,
    ]);
    return block(table(['profile', 'type', 'means'], rows));
  },
  /** The tables of functions. */
  async functions() {
    const rows = Object.values(functionTables).map(({ name, says }) => [`\`${name}\``, says]);
    return block(table(['`functions`', 'means'], rows));
  },
};
