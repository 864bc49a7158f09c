/** @file Writes the result of a check to files: a page, JUnit XML, and the failing cases. */

import { existsSync, statSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { readBytes } from '../io/read-file.ts';
import { amount } from '../io/text.ts';
import { namesIn, tryFolder, writeFileWhole, writeFolderWhole } from '../io/write-file.ts';
import type { CheckReport } from '../oracle/check/check.ts';
import { badgeMark } from '../oracle/check/reports/badge.ts';
import { junitMark, junitOf } from '../oracle/check/reports/junit.ts';
import { pageMark, pageOf, type Said } from '../oracle/check/reports/page.ts';
import { savedFiles } from '../oracle/check/reports/saved.ts';
import { fail } from '../tensor/errors.ts';
import { madeOf } from './paths.ts';

/** Where to write. */
export interface ReportFiles {
  /** The file of the page. */
  readonly html?: string;
  /** The file of the JUnit XML. */
  readonly junit?: string;
  /** The folder of the failing cases. */
  readonly save?: string;
}

/** Files are written over only if they begin as a report does, and have its mark. */
const marks = { html: ['<!doctype html>', pageMark], junit: ['<?xml', junitMark] } as const;

/** The beginning and the mark of badges. */
export const badgeMarks: readonly [string, string] = ['<svg', badgeMark];

/** Throws where a file cannot be written, or one is there that does not have marks of ours. */
export function checkReplaces(file: string, option: string, own: readonly [string, string]): void {
  const path = resolve(file);
  namesIn(dirname(path));
  if (!existsSync(dirname(path))) fail(`${file}: its folder does not exist; make it, or write elsewhere`);
  if (existsSync(path) && statSync(path).isDirectory()) fail(`${file}: is a folder; give the name of a file`);
  if (existsSync(path) && !isReport(path, own))
    fail(`${file}: is no such report of densessm; nothing else is overwritten, give another --${option} or remove it`);
}

/** Throws where a file or folder cannot be written, or a file is there that is no such report: a check may take long. */
export function checkWritable({ save, ...files }: ReportFiles): void {
  const taken = new Set<string>();
  for (const kind of ['html', 'junit'] as const) {
    const file = files[kind];
    if (file === undefined) continue;
    const path = resolve(file);
    checkReplaces(file, kind, marks[kind]);
    if (taken.has(path)) fail(`${file}: is the path of --html and of --junit; give each its own`);
    if (save !== undefined && `${path}${sep}`.startsWith(`${resolve(save)}${sep}`))
      fail(`${file}: is in the folder of --save, which is written as a whole; give another --${kind}`);
    taken.add(path);
    tryFolder(dirname(path));
  }
  if (save === undefined) return;
  if (namesIn(save).length > 0) fail(`${save}: is not empty; nothing is overwritten, give another --save`);
  tryFolder(madeOf(dirname(resolve(save))));
}

const isReport = (path: string, [start, mark]: readonly [string, string]): boolean => {
  const text = new TextDecoder().decode(readBytes(path));
  return text.startsWith(start) && text.includes(mark);
};

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
        ? `${save}: ${amount(count, 'failing case')}; python3 replay.py compares them, in that folder`
        : `${save}: not written, as no failing case has numbers to save`,
    );
  }
  return written;
}
