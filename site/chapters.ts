/** @file Reads the files of spec/ for pages: titles, headers, and the code of a definition. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Equation } from '../spec/equation.ts';
import { equations } from '../spec/registry.ts';
import { root } from '../test/support/root.ts';

/** A file of spec/ with the equations that it defines. */
export interface Chapter {
  /** Its name in spec/: 01-attention.ts. */
  readonly file: string;
  /** The header's first sentence. */
  readonly title: string;
  /** The rest of the header. */
  readonly about: string;
  readonly text: string;
  readonly equations: readonly Equation[];
}

/** The page of a file of spec/. */
export const pageOf = (file: string): string => `spec/${file.replace(/\.ts$/, '')}.html`;

/** The anchor of an equation on its chapter's page. */
export const anchorOf = ({ number }: Equation): string => `eq-${number}`;

/** The address of an equation, from the site's root. */
export const addressOf = (equation: Equation): string => `${pageOf(equation.chapter)}#${anchorOf(equation)}`;

/** The address of the page that shows a file of the repository, or of a folder's list. The file of a lab is shown by the lab. */
export function fileAddress(file: string): string {
  const lab = file.match(/^site\/labs\/([\w-]+)(?:\/lab)?\.ts$/);
  if (lab !== null) return `lab/${lab[1]}.html`;
  if (/^spec\/[\w-]+\.ts$/.test(file)) return pageOf(file.slice('spec/'.length));
  if (file.endsWith('.md')) return file.replace(/\.md$/, '.html').toLowerCase();
  return `files/${file.replace(/\/$/, '/index')}.html`;
}

function chapterOf(file: string): Chapter {
  const text = readFileSync(`${root}/spec/${file}`, 'utf8');
  const [, header] = text.match(/^\/\*\*[\s*]*@file ([\s\S]*?)\s*\*\//)!;
  const lines = header!.split(/\n \* ?/);
  return {
    file,
    title: lines[0]!.replace(/\.$/, ''),
    about: lines.slice(1).join(' '),
    text,
    equations: equations.filter(({ chapter }) => chapter === file),
  };
}

/** The files of spec/: those of numbered equations first. */
export const chapters = (): Chapter[] =>
  readdirSync(`${root}/spec`)
    .filter((name) => name.endsWith('.ts') && name !== 'index.ts')
    .sort()
    .map(chapterOf);

/** The code of a function in a file of spec/, with its comment. Throws an Error if the file does not export it. */
export function codeOf({ file, text }: Chapter, name: string): string {
  const comment = String.raw`(?:/\*\*(?:(?!\*/)[\s\S])*\*/\n)?`;
  const code = text.match(new RegExp(`^${comment}export function ${name}\\b[\\s\\S]*?^}$`, 'm'));
  if (code === null) throw new Error(`spec/${file} exports no function ${name}: an equation's definition must be one`);
  return code[0];
}
