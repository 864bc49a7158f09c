/** @file densessm vectors check: compares the project with files of reference vectors. */
import { checkVectors, formatReport } from '../vectors/index.ts';
import { progress, say, sayJson, type Voice } from './console.ts';

/** Checks folders of vectors and prints the report. Returns whether all that was compared was right, and something was. */
export function vectorsCommand(folders: readonly string[], voice: Voice): boolean {
  const line = progress(voice);
  const report = checkVectors(folders, {
    onProgress: ({ family, name }, count, total) => line.show(`${count}/${total} ${family}/${name}`),
  });
  line.clear();
  const text = formatReport(report);
  if (voice.json) sayJson('vectors', report);
  else say(voice.quiet && report.ok ? text.slice(text.lastIndexOf('\n') + 1) : text);
  return report.ok;
}
