/** @file densessm vectors check: compares the project with files of reference vectors, and with vectors that it wrote. */
import { judgeFrozen } from '../oracle/frozen/judge.ts';
import { checkFrozen, isFrozen } from '../vectors/frozen/folder.ts';
import { type CaseReport, checkVectors, formatReport, type Report } from '../vectors/index.ts';
import { progress, say, sayJson, type Voice } from './console.ts';

/** Checks folders of vectors and prints the report. Returns whether all that was compared was right, and something was. */
export function vectorsCommand(folders: readonly string[], voice: Voice): boolean {
  const line = progress(voice);
  const onProgress = ({ family, name }: CaseReport, count: number, total: number): void =>
    line.show(`${count}/${total} ${family}/${name}`);
  const written = folders.filter(isFrozen);
  const others = folders.filter((folder) => !written.includes(folder));
  const reports = [
    ...(others.length > 0 || written.length === 0 ? [checkVectors(others, { onProgress })] : []),
    ...written.map((folder) => checkFrozen(folder, judgeFrozen, onProgress)),
  ];
  const report: Report = {
    cases: reports.flatMap(({ cases }) => cases),
    problems: reports.flatMap(({ problems }) => problems),
    ok: reports.every(({ ok }) => ok),
  };
  line.clear();
  const text = formatReport(report);
  if (voice.json) sayJson('vectors', report);
  else say(voice.quiet && report.ok ? text.slice(text.lastIndexOf('\n') + 1) : text);
  return report.ok;
}
