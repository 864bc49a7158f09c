/** @file Makes a text to train on: small stories from a seed, in which what was said must be remembered. */
import { fail } from '../tensor/errors.ts';
import { type Rng, rng } from '../tensor/random.ts';

const names = ['Ada', 'Ben', 'Cleo', 'Dan', 'Eva', 'Finn', 'Gwen', 'Hugo'];
const colours = ['red', 'blue', 'green', 'white', 'black', 'yellow'];
const things = ['boat', 'kite', 'lamp', 'drum', 'book', 'hat', 'bell', 'key'];
const places = ['the garden', 'the attic', 'the harbour', 'the market', 'the old mill', 'the library'];
const weathers = ['It is raining', 'The sun is out', 'The wind is strong', 'It is a quiet day', 'Snow falls'];
const feelings = ['glad', 'tired', 'proud', 'puzzled', 'in a hurry'];

/** A story: two people, a thing of each, and a question that only an earlier sentence answers. */
function story(random: Rng): string {
  const pick = (list: readonly string[]): string => list[random.integer(list.length)]!;
  const other = (list: readonly string[], not: string): string => pick(list.filter((one) => one !== not));
  const a = pick(names);
  const b = other(names, a);
  const thing = pick(things);
  const [own, his] = [pick(colours), pick(colours)];
  const place = pick(places);
  const openings = [
    `${a} has a ${own} ${thing}, and ${b} has a ${his} one.`,
    `In ${place} ${a} finds a ${own} ${thing}. ${b} has one too, but it is ${his}.`,
    `${pick(weathers)}. ${a} and ${b} meet in ${place}; ${a} brings a ${own} ${thing}, ${b} a ${his} one.`,
  ];
  const middles = [
    `${b} is ${pick(feelings)}.`,
    `They walk from ${place} to ${other(places, place)}.`,
    `"${pick(weathers)}," says ${a}.`,
    `${a} asks for some bread, and ${b} goes to fetch it.`,
    `Nobody else is there.`,
  ];
  const ends = [
    `"Whose is the ${own} ${thing}?" asks ${b}. "It is mine," says ${a}.`,
    `In the evening ${a} takes the ${own} ${thing} home.`,
    `${b} leaves the ${his} ${thing} behind, and ${a} brings it to ${b}.`,
    `They swap: now ${b} has the ${own} ${thing}.`,
  ];
  return [pick(openings), pick(middles), pick(middles), pick(ends)].join(' ');
}

/**
 * Makes a text of small stories, a paragraph each, of at least `length` characters. Equal arguments give equal texts. Names and colours
 * at a story's end are those of its beginning, so that a model that remembers predicts them. Throws unless `length` is an integer ≥ 1.
 * @example
 * stories(1, 200).endsWith('.\n') // true
 */
export function stories(seed: number, length: number): string {
  if (!Number.isInteger(length) || length < 1) fail(`stories: length is ${length}; it is an integer ≥ 1`);
  const random = rng(seed);
  let text = '';
  while (text.length < length) text += `${text === '' ? '' : '\n'}${story(random)}\n`;
  return text;
}
