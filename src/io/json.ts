/** @file Parses foreign JSON with one-line errors, and refuses repeated names. */
import { fail } from '../tensor/errors.ts';
import { plain, quoted } from './text.ts';

/** Whether parsed JSON is an object: not a list, not null. */
export function isObject(x: unknown): x is Record<string, unknown> {
  return typeof x === 'object' && x !== null && !Array.isArray(x);
}

/** Whether parsed JSON is a length or an offset: an integer from 0 on. `-0` is not: other readers may not take it for 0. */
export const isCount = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 0 && !Object.is(x, -0);

/** Far above the nesting in use. It keeps recursive functions from running out of stack. */
const DEEPEST = 100;

/**
 * Parses JSON; `what` names the text in errors. Throws on text that is not JSON, on lists and objects nested more than 100
 * deep, and on an object with a repeated name, of which `JSON.parse` would silently keep the last.
 */
export function parseJson(text: string, what: string): unknown {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    fail(`${what} is not JSON (${plain((error as Error).message, 160)}); write the file again`);
  }
  const twice = repeatedName(text, what);
  if (twice !== null) fail(`${what} has the name ${quoted(twice)} twice in one object; names are unique, rename one`);
  return parsed;
}

const [brace, endOfBrace, bracket, endOfBracket, quote, backslash] = [...'{}[]"\\'].map((c) => c.charCodeAt(0));

/** A name that occurs twice in one object of valid JSON, or null. Throws where it is nested too deep. */
function repeatedName(text: string, what: string): string | null {
  const open: (Set<string> | null)[] = []; // the names in every open object; null for an open list
  for (let i = 0; i < text.length; i++) {
    // codes, as a comparison of strings takes several times as long
    const c = text.charCodeAt(i);
    if (open.length > DEEPEST) fail(`${what} is nested more than ${DEEPEST} deep; write it flatter`);
    if (c === brace) open.push(new Set());
    else if (c === bracket) open.push(null);
    else if (c === endOfBrace || c === endOfBracket) open.pop();
    else if (c === quote) {
      const start = i;
      let hasEscapes = false;
      for (i++; text.charCodeAt(i) !== quote; i++) {
        if (text.charCodeAt(i) !== backslash) continue;
        hasEscapes = true;
        i++;
      }
      const names = open.at(-1);
      if (!names || !isFollowedByColon(text, i + 1)) continue;
      // decoded, so that "a" and "\u0061" are the same name
      const name = hasEscapes ? (JSON.parse(text.slice(start, i + 1)) as string) : text.slice(start + 1, i);
      if (names.has(name)) return name;
      names.add(name);
    }
  }
  return null;
}

function isFollowedByColon(text: string, from: number): boolean {
  let i = from;
  while (text[i] === ' ' || text[i] === '\n' || text[i] === '\r' || text[i] === '\t') i++;
  return text[i] === ':';
}
