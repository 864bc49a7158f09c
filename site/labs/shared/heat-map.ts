/** @file A matrix of numbers as a heat map: a table whose cells are shaded, teal above zero and amber below. */

/** One cell: its number, the text in it, and a text on what it is, for a pointer. */
export interface HeatCell {
  /** How strong the shade is, from −1 to 1. */
  readonly heat: number;
  readonly text: string;
  readonly title?: string;
}

/** A shaded cell of a table. */
export const heatCell = ({ heat, text, title }: HeatCell): string =>
  `<td class="${heat < 0 ? 'below' : 'above'}" style="--heat:${Math.abs(heat).toFixed(3)}"${title === undefined ? '' : ` title="${title}"`}>${text}</td>`;

/** A heat map with names of rows and columns. `cells` are in rows. */
export function heatMap(
  rows: readonly string[],
  columns: readonly string[],
  cells: readonly (readonly HeatCell[])[],
): string {
  const body = rows.map((name, i) => `<tr><th scope="row">${name}</th>${cells[i]!.map(heatCell).join('')}</tr>`);
  const heads = columns.map((name) => `<th scope="col">${name}</th>`);
  return `<table class="heat"><thead><tr><td></td>${heads.join('')}</tr></thead><tbody>${body.join('')}</tbody></table>`;
}
