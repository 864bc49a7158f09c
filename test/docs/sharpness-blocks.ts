/** @file Generates the table of how sharp bounds are, in minutes. */
import { profiles } from '../../src/executors/profiles/profile.ts';
import { head, measured } from '../support/sharpness/table.ts';
import { block, table } from './markdown.ts';

/** The makers, by kind of block. */
export const sharpnessMakers = {
  /** A row for each profile. */
  async sharpness() {
    return block(
      table(
        head,
        Object.values(profiles).map((profile) => measured(profile).row),
      ),
    );
  },
};
