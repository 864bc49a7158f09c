/** @file densessm readings NAME: shows single readings, with the smallest input that tells their options apart. */
import { openReadings } from '../../spec/readings.ts';
import { type Apart, type ReadingQuestion, tellApart } from '../oracle/readings/apart.ts';
import { blockOf } from '../oracle/readings/block.ts';
import { questions } from '../oracle/readings/questions.ts';
import { colour, progress, say, sayJson, textWidth, type Voice } from './console.ts';
import { itemsNamed } from './options.ts';
import { readingLines } from './readings.ts';

/** A question about a reading, and the case that was found; null if the options agree on all drawn cases. */
interface Answer {
  readonly question: ReadingQuestion;
  readonly apart: Apart | null;
}

const between = ({ between: [one, other] }: ReadingQuestion): string => `${one} or ${other}`;

/**
 * Prints the readings that the words name, each with the smallest case found for its options. Returns whether all options were told
 * apart. Throws an InputError if a word names no reading.
 */
export async function readingCommand(words: readonly string[], { json, quiet }: Voice): Promise<boolean> {
  const shown = itemsNamed('readings', words, openReadings, ({ name }) => [name]);
  const asked = questions.filter(({ reading }) => shown.some(({ name }) => name === reading));
  const line = progress({ json, quiet });
  const answers: Answer[] = [];
  for (const question of asked) {
    line.show(`looking for the smallest input: ${question.reading}, ${between(question)}`);
    answers.push({ question, apart: await tellApart(question) });
  }
  line.clear();
  const ok = answers.every(({ apart }) => apart !== null);
  const told = answers.filter(({ apart }) => apart !== null).length;
  if (json) {
    const readings = shown.map((one) => ({
      ...one,
      apart: answers.filter(({ question }) => question.reading === one.name).map(asData),
    }));
    sayJson('readings', { ok, readings });
    return ok;
  }
  if (!quiet) {
    for (const text of readingLines(shown, textWidth())) say(text);
    for (const answer of answers) for (const text of linesOf(answer)) say(text);
  }
  say(`${shown.map(({ name }) => name).join(', ')}: ${told} of ${answers.length} pairs of options told apart`);
  return ok;
}

function linesOf({ question, apart }: Answer): string[] {
  const head = colour.heading(`${question.reading}: ${between(question)}`);
  return apart === null
    ? [head, colour.wrong('no drawn case tells them apart'), '']
    : [`${head}, the smallest input that tells them apart`, '', ...blockOf(apart), ''];
}

const asData = ({ question, apart }: Answer): object => ({
  between: question.between,
  operator: question.operator.name,
  mode: question.mode,
  settings: apart?.c.settings ?? null,
  inputs: apart?.c.inputs ?? null,
  differ: apart?.differ ?? null,
  agree: apart?.agree ?? null,
});
