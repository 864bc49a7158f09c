/** @file Names the ways to put sequences of unequal lengths into one batch. */

/** `packed`: all sequences one after another in one row. `padded`: a row for each sequence, filled up with padding. */
export const batchKinds = ['packed', 'padded'] as const;

/** A way to put sequences of unequal lengths into one batch. */
export type BatchKind = (typeof batchKinds)[number];

/** The settings of batches: the length of each sequence and, of padded ones, the side of the padding. */
export const batchSettingNames = ['lengths', 'padding'] as const;
