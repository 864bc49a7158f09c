/** @file Writes the settings of a case, as text for a sentence. */
import type { Settings } from '../src/oracle/case.ts';
import { escaped } from './html.ts';

/** A value in words: `[0.5, [1, 2]]`, `{layers 2, carry raw}`. */
const valueText = (x: unknown): string =>
  Array.isArray(x)
    ? `[${x.map(valueText).join(', ')}]`
    : typeof x === 'object' && x !== null
      ? `{${Object.entries(x)
          .map(([name, one]) => `${name} ${valueText(one)}`)
          .join(', ')}}`
      : `${x}`;

/** Settings as HTML: "chunkSize 2, carry raw". Groups of them, as configurations of models are, lose their own name. */
export const settingsText = (settings: Settings): string =>
  Object.entries(settings)
    .flatMap(([name, x]) =>
      typeof x === 'object' && x !== null && !Array.isArray(x) ? Object.entries(x) : [[name, x] as const],
    )
    .map(([name, x]) => `${escaped(name)} <code>${escaped(valueText(x))}</code>`)
    .join(', ');
