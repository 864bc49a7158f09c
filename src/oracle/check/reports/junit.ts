/** @file Writes the report of a check as JUnit XML, a test case for each row, as continuous integration services read it. */
import { escaped } from '../../../io/markup.ts';
import { acceptedLines, entryLines, entryName } from '../acceptance.ts';
import type { CheckReport } from '../check.ts';
import { failureLines } from '../report.ts';
import { type CheckRow, isFine, wasOffered } from '../row.ts';
import type { Said } from './page.ts';

/** What the XML of reports has, and that of others has not. */
export const junitMark = '<testsuites name="densessm check"';

/** A row, with what is inside its test case. */
interface TestCase {
  readonly className: string;
  readonly name: string;
  readonly seconds: number;
  readonly inside: string;
  readonly is: 'passed' | 'failed' | 'error' | 'skipped';
}

/**
 * The XML of a report. A row that is not offered is no test case; one that fails as accepted, or whose every case was declined, is skipped; one whose outputs are
 * UNCHECKED is an error, as the check fails there. Where it fails by no row, one more test case does.
 */
export function junitOf(
  report: CheckReport,
  { again, failures, verdict }: Pick<Said, 'again' | 'failures' | 'verdict'>,
): string {
  const caseOf = (row: CheckRow): TestCase => {
    const { operator, mode, dtype, finding, outputs, gradients, reason, notes, timing } = row;
    const own = { className: operator, name: `${mode} ${dtype}` };
    const seconds = Object.values(timing).reduce((sum, time) => sum + time, 0) / 1000;
    if (!isFine(row) && finding !== null) {
      const isAlone = failures.find((one) => one.row === row)?.isAlone ?? null;
      const text = failureLines(row, { again, isAlone }).join('\n');
      const attributes = `message="${escaped(finding.message)}" type="${escaped(finding.kind)}"`;
      return { ...own, seconds, is: 'failed', inside: `<failure ${attributes}>${escaped(text)}</failure>` };
    }
    const isOpen = (outputs !== 'PASS' || gradients !== 'PASS') && row.accepted === undefined;
    const open = isOpen ? [reason ?? (notes.join('; ') || `${outputs}, gradients ${gradients}`)] : [];
    if (outputs === 'UNCHECKED') {
      const message = [reason ?? 'UNCHECKED', ...notes, ...acceptedLines([row])].join('; ');
      return { ...own, seconds, is: 'error', inside: `<error message="${escaped(message)}" type="UNCHECKED"/>` };
    }
    const skipped = [
      ...acceptedLines([row]),
      // outputs that are right are a right row, also of a backend without gradients
      ...(outputs === 'PASS' ? [] : open),
    ];
    if (skipped.length === 0) {
      const said = open.map((text) => `<system-out>${escaped(text)}</system-out>`).join('');
      return { ...own, seconds, is: 'passed', inside: said };
    }
    return { ...own, seconds, is: 'skipped', inside: `<skipped message="${escaped(skipped.join('; '))}"/>` };
  };
  const problems = report.problems.map((problem, i): TestCase => {
    const inside = `<failure message="${escaped(problem)}" type="description"/>`;
    return { className: 'description', name: `problem ${i + 1}`, seconds: 0, is: 'failed', inside };
  });
  const entries = report.wrongEntries.map((problem): TestCase => {
    const inside = `<failure message="${escaped(entryLines([problem])[0]!)}" type="${problem.is}"/>`;
    return { className: 'accepted', name: entryName(problem.entry), seconds: 0, is: 'failed', inside };
  });
  const found = [...report.rows.filter(wasOffered).map(caseOf), ...problems, ...entries];
  const isSilent = !report.ok && found.every(({ is }) => is === 'passed' || is === 'skipped');
  const inside = `<failure message="${escaped(verdict)}" type="check"/>`;
  const whole: TestCase = { className: 'check', name: 'whole', seconds: 0, is: 'failed', inside };
  const cases = [...found, ...(isSilent ? [whole] : [])];
  const count = (is: TestCase['is']): number => cases.filter((one) => one.is === is).length;
  const total = cases.reduce((sum, one) => sum + one.seconds, 0).toFixed(3);
  const counts = `tests="${cases.length}" failures="${count('failed')}" errors="${count('error')}" skipped="${count('skipped')}" time="${total}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `${junitMark} ${counts}>`,
    `<testsuite name="${escaped(report.backend)}" ${counts}>`,
    ...cases.map(
      ({ className, name, seconds, inside }) =>
        `<testcase classname="${escaped(className)}" name="${escaped(name)}" time="${seconds.toFixed(3)}">${inside}</testcase>`,
    ),
    '</testsuite>',
    '</testsuites>\n',
  ].join('\n');
}
