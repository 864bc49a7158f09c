/** @file Writes the result of a check to files: a page, JUnit XML, and the failing cases. */

import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { namesIn, writeFileWhole, writeFolderWhole } from '../io/write-file.ts';
import type { CheckReport } from '../oracle/check/check.ts';
import { junitOf } from '../oracle/check/reports/junit.ts';
import { pageOf, type Said } from '../oracle/check/reports/page.ts';
import { savedFiles } from '../oracle/check/reports/saved.ts';
import { fail } from '../tensor/errors.ts';

/** Where to write. */
export interface ReportFiles {
  /** The file of the page. */
  readonly html?: string;
  /** The file of the JUnit XML. */
  readonly junit?: string;
  /** The folder of the failing cases. */
  readonly save?: string;
}

/** Throws where a file or folder cannot be written: a check may take long. */
export function checkWritable({ html, junit, save }: ReportFiles): void {
  for (const file of [html, junit]) {
    if (file === undefined) continue;
    namesIn(dirname(file));
    if (!existsSync(dirname(file))) fail(`${file}: its folder does not exist; make it, or write elsewhere`);
    if (existsSync(file) && statSync(file).isDirectory()) fail(`${file}: is a folder; give the name of a file`);
  }
  if (save !== undefined && namesIn(save).length > 0)
    fail(`${save}: is not empty; nothing is overwritten, give another --save`);
}

/** Writes what was asked for; each file is whole, or not there. Returns a line for each. Throws where one cannot be written. */
export function writeReports(report: CheckReport, said: Said, { html, junit, save }: ReportFiles): string[] {
  const plain: Said = {
    ...said,
    verdict: stripVTControlCharacters(said.verdict),
    remarks: said.remarks.map(stripVTControlCharacters),
  };
  const written: string[] = [];
  if (html !== undefined) {
    writeFileWhole(html, pageOf(report, plain));
    written.push(`${html}: the report as a page`);
  }
  if (junit !== undefined) {
    writeFileWhole(junit, junitOf(report, plain));
    written.push(`${junit}: the rows as JUnit XML`);
  }
  if (save !== undefined) {
    const files = savedFiles(said.failures.map(({ row }) => row));
    const count = Object.keys(files).length - 1;
    if (count > 0) writeFolderWhole(save, files);
    written.push(
      count > 0
        ? `${save}: ${count} failing case${count === 1 ? '' : 's'}; python3 replay.py compares one in that folder`
        : `${save}: not written, as no failing case has numbers to save`,
    );
  }
  return written;
}
