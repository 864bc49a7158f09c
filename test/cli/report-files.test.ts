import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkWritable, type ReportFiles, writeReports } from '../../src/cli/report-files.ts';
import { report, said } from '../support/sample-report.ts';

const scratch = mkdtempSync(join(tmpdir(), 'densessm-reports-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const at = (name: string): string => join(scratch, name);

describe('files of a report', () => {
  it('are refused before a check where they would take the place of anything else, or of each other', () => {
    const text = 'export default {}; // densessm check';
    writeFileSync(at('mine.ts'), text);
    mkdirSync(at('full/of'), { recursive: true });
    const refused = (files: ReportFiles, says: string) => expect(() => checkWritable(files)).toThrow(says);
    refused({ html: at('mine.ts') }, 'is no such report of densessm');
    refused({ junit: at('mine.ts') }, 'give another --junit or remove it');
    refused({ html: at('one'), junit: join(scratch, 'full', '..', 'one') }, 'give each its own');
    refused({ html: at('cases/x.html'), save: at('cases') }, 'its folder does not exist');
    mkdirSync(at('cases'));
    refused({ html: at('cases/x.html'), save: at('cases') }, 'is in the folder of --save');
    refused({ junit: at('cases'), save: at('cases') }, 'is a folder');
    refused({ save: at('full') }, 'is not empty');
    refused({ html: '/proc/x.html' }, '/proc');
    refused({ save: '/proc/x/y' }, '/proc');
    expect(readFileSync(at('mine.ts'), 'utf8')).toBe(text);
    expect(readdirSync(scratch).sort()).toEqual(['cases', 'full', 'mine.ts']);
  });

  it('take the place of older ones of their kind alone', () => {
    const files = { html: at('x.html'), junit: at('x.xml') };
    checkWritable(files);
    writeReports(report, said, files);
    expect(() => checkWritable({ ...files, save: at('new/cases') })).not.toThrow();
    expect(() => checkWritable({ html: files.junit })).toThrow('is no such report');
    writeFileSync(at('page.html'), `<p>${readFileSync(files.html, 'utf8')}`);
    expect(() => checkWritable({ html: at('page.html') })).toThrow('is no such report');
  });
});
