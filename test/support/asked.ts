/** @file Reads the arguments of the long runs. A wrong one ends the run with a message, before anything is tried. */
import { domainFrom } from '../../src/oracle/domain/declared.ts';
import type { Domain } from '../../src/oracle/domain/domain.ts';
import { didYouMean } from '../../src/tensor/names.ts';

function refuse(message: string): never {
  console.error(`error: ${message}`);
  process.exit(2);
}

/** Ends the run unless all names are known. */
export function checkNames(what: string, names: readonly string[], known: readonly string[]): void {
  const odd = names.find((name) => !known.includes(name));
  if (odd !== undefined) refuse(`there is no ${what} '${odd}'; known are ${known.join(', ')}${didYouMean(odd, known)}`);
}

/** The number that a text gives. Ends the run unless it is an integer ≥ 1. */
export function countIn(what: string, text: string): number {
  const count = Number(text);
  return Number.isInteger(count) && count >= 1 ? count : refuse(`${what} is '${text}'; it is an integer ≥ 1`);
}

/** The domain that a text gives as JSON. Ends the run on other texts. */
export function domainIn(what: string, text: string): Domain {
  try {
    return domainFrom(JSON.parse(text), what);
  } catch (error) {
    return refuse(`${what} is '${text}': ${(error as Error).message}`);
  }
}
