/** @file Draws a badge as SVG, with data inside. It needs no font and no network, and is readable on light and dark pages. */
import { escaped } from '../../../io/markup.ts';

/** The kinds of badges, by which they are coloured. */
export type BadgeKind = 'right' | 'wrong' | 'accepted' | 'open';

/** What a badge shows, and the data in it. */
export interface Badge {
  /** The text on the left. */
  readonly label: string;
  /** The text on the right. */
  readonly says: string;
  readonly is: BadgeKind;
  /** The whole in a sentence, which a pointer or a screen reader gets. */
  readonly title: string;
  readonly data: unknown;
}

/** Grounds of white text, each with a contrast above 4.5. */
const colours: Readonly<Record<BadgeKind, string>> = {
  right: '#1a7f37',
  wrong: '#cf222e',
  accepted: '#9a6700',
  open: '#57606a',
};

/** The size of letters, the share of it that each letter of such a font is wide, and the space beside a text, in pixels. */
const [size, advance, beside] = [11, 0.6, 7];

const widthOf = (text: string): number => Math.round(text.length * size * advance);

/** What the SVG of a badge has, and others have not: where its data begin and end. */
export const [badgeMark, badgeEnd] = ['<metadata id="densessm-badge">', '</metadata>'];

/** JSON in which no character means anything in XML, or is unknown there: it can be read back without a parser of XML. */
const jsonInXml = (data: unknown): string =>
  JSON.stringify(data, null, 1).replace(
    /[&<>\u007f-\u009f\ufffe\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** Draws a badge. Its text is a function of what is given. */
export function badgeSvg({ label, says, is, title, data }: Badge): string {
  const [left, right] = [widthOf(label), widthOf(says)];
  const [middle, width] = [left + 2 * beside, left + right + 4 * beside];
  // its width is that of the letters, whatever font is found
  const textAt = (x: number, text: string, length: number): string =>
    `<text x="${x}" y="14" textLength="${length}">${escaped(text)}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="20" viewBox="0 0 ${width} 20" role="img" aria-label="${escaped(title)}">`,
    `<title>${escaped(title)}</title>`,
    `${badgeMark}${jsonInXml(data)}${badgeEnd}`,
    '<style>.label{fill:#24292f}@media (prefers-color-scheme:dark){.label{fill:#484f58}}</style>',
    `<clipPath id="corners"><rect width="${width}" height="20" rx="3"/></clipPath>`,
    `<g clip-path="url(#corners)"><rect class="label" width="${middle}" height="20"/><rect x="${middle}" width="${width - middle}" height="20" fill="${colours[is]}"/></g>`,
    `<g fill="#fff" font-family="ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="${size}">`,
    textAt(beside, label, left),
    textAt(middle + beside, says, right),
    '</g>',
    '</svg>\n',
  ].join('\n');
}
