/** @file Defines evidence marks: the sources of statements about the paper. */
/** The doubt about the number of every equation, with any mark. */
export const numberingNotVerified = 'not verified against the PDF';

/** The scope of evidence marks, in words. */
export const scopeOfMarks = `Marks speak of an equation's content. The number of every equation is ${numberingNotVerified}.`;

/** The meaning of each mark. */
export const evidenceMeanings = {
  C: "read in the authors' released code",
  F: "read off the paper's figures",
  N: "an independent reader's published notes",
  A: 'the abstract',
  S: 'a secondary source: a press article of March 2024 describes the content',
  R: 'reconstructed from general knowledge of the paper, believed right',
  T: 'code of third parties, which the chapter names with its commit',
} as const;

/** An evidence mark. */
export type Evidence = keyof typeof evidenceMeanings;

/** All marks with their meanings, in one line. */
export const evidenceLegend = Object.entries(evidenceMeanings)
  .map(([mark, meaning]) => `${mark} ${meaning}`)
  .join('; ');
