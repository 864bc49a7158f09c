/** @file densessm badge: writes the result of a check as an SVG, and asks again what one says. */
import { dirname } from 'node:path';
import { isDeepStrictEqual, stripVTControlCharacters } from 'node:util';
import { Command, CommanderError } from 'commander';
import { parseJson } from '../io/json.ts';
import { readBytes } from '../io/read-file.ts';
import { amount, plain, quoted } from '../io/text.ts';
import { tryFolder, writeFileWhole } from '../io/write-file.ts';
import { type RowKey, rowName } from '../oracle/check/row.ts';
import { fail } from '../tensor/errors.ts';
import { type BadgeData, type BadgeRow, badgeData, badgeIn, badgeSays, badgeText } from './badge-file.ts';
import { askedOf, type CheckCommand, judged } from './check.ts';
import type { CheckData } from './check-json.ts';
import { checkOptions, completed, type ParsedCheck } from './check-options.ts';
import { colour, say, sayJson, type Voice } from './console.ts';
import { documentsOf } from './documents.ts';
import { packageVersion } from './paths.ts';
import { badgeMarks, checkReplaces } from './report-files.ts';
import { isReport } from './shard.ts';

/** The options of the command. */
export interface BadgeCommand extends Voice {
  /** The file to write; standard output without it. */
  readonly out?: string;
  /** The badge to ask again. */
  readonly replay?: string;
  /** The program, or the module, that a replay asks. */
  readonly backend?: string;
  readonly module?: string;
}

/** Writes a badge, or replays one. Returns true where it was written, and of a replay whether all rows are as the badge says. */
export async function badgeCommand(path: string | undefined, command: BadgeCommand): Promise<boolean> {
  const { replay, backend, module, out } = command;
  if (replay === undefined) {
    if (path === undefined) fail('badge: give a report, as check --json prints it, or --replay FILE.svg');
    if ((backend ?? module) !== undefined) fail('badge: --backend and --module are of --replay; a report has its own');
    return write(path, command);
  }
  if (path !== undefined || out !== undefined)
    fail('badge: --replay asks again and writes nothing; leave the report and --out out');
  return replayed(replay, command);
}

function write(path: string, { out, json, quiet }: BadgeCommand): boolean {
  const data = badgeData(...reportIn(path));
  if (out !== undefined) {
    checkReplaces(out, 'out', badgeMarks);
    tryFolder(dirname(out));
    writeFileWhole(out, badgeText(data));
  }
  const { says } = badgeSays(data);
  if (json) sayJson('badge', { ok: true, file: out ?? null, says, badge: data });
  else if (out === undefined) process.stdout.write(badgeText(data));
  else if (!quiet) say(`${out}: ${says}`);
  return true;
}

/** A file's report of a whole check, and what was asked. Throws on others. */
function reportIn(path: string): [CheckData, CheckData['asked']] {
  const report = parseJson(new TextDecoder().decode(readBytes(path)), path);
  if (!isReport(report) || report.schema !== 'densessm/check')
    fail(`${path}: is no report of a check; give what check or merge printed with --json`);
  documentsOf('check-1')(report, `${path}: the report of a check`);
  const { shard, asked } = report as unknown as CheckData;
  if (shard !== undefined)
    fail(`${path}: is shard ${shard.i} of ${shard.n}; densessm merge joins them, and a badge is of the whole`);
  if (asked.options.includes('--path'))
    fail(`${path}: has the answer to one question, by --path; a badge is of whole rows, ask without it`);
  if (asked.densessm !== packageVersion())
    fail(`${path}: is of densessm ${plain(asked.densessm, 40)}, and this is ${packageVersion()}; use that version`);
  return [report as unknown as CheckData, asked];
}

/** The check that a badge was made of. Throws where its options are none that check says of itself. */
function checkOf({ options, accepted, cases, seed }: BadgeData, path: string): CheckCommand {
  const damaged = (): never => fail(`${path}: has options that no check has; it was edited, write the badge again`);
  // the parser would open its file
  if (options.some((word) => word.startsWith('--accept'))) damaged();
  const silent = { writeErr: () => {}, writeOut: () => {} };
  const parser = checkOptions(new Command().exitOverride().configureOutput(silent));
  try {
    parser.parse(options as string[], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) damaged();
    throw error;
  }
  // what is equal to this has no option that writes
  const parsed = { ...completed(parser.opts<ParsedCheck>()), json: true, quiet: true };
  if (!isDeepStrictEqual(askedOf(parsed).options, options)) damaged();
  if (cases !== parsed.cases || seed !== parsed.seed)
    fail(`${path}: was edited, as its cases and seed are not those of its options; write the badge again`);
  return accepted.length === 0 ? parsed : { ...parsed, accept: { path: 'those of the badge', entries: accepted } };
}

/** A check that asks what the caller names: a command in a file is not run, as anybody may have written it. */
function askedBy(check: CheckCommand, { replay, backend, module, json, quiet }: BadgeCommand): CheckCommand {
  const { backend: program, module: file, ...rest } = check;
  const own = { ...(backend !== undefined && { backend }), ...(module !== undefined && { module }), json, quiet };
  const isBuiltIn = (program ?? file) === undefined;
  if (isBuiltIn !== ((backend ?? module) === undefined)) {
    if (isBuiltIn) fail(`${replay}: is of the built-in backend; leave --backend and --module out`);
    const said =
      program === undefined ? `--module ${quoted(file!)}, a file` : `--backend ${quoted(program)}, a shell command`;
    fail(
      `${replay}: was made with ${said} that is not run unless you give it: add that option to --replay if you trust it, or one of your own`,
    );
  }
  return { ...rest, ...own };
}

const shellWord = (word: string): string =>
  /^[\w./:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

async function replayed(path: string, command: BadgeCommand): Promise<boolean> {
  const { json, quiet, backend } = command;
  const data = badgeIn(path);
  const check = askedBy(checkOf(data, path), command);
  const { accept: _, ...plainly } = check;
  const { options, ...asked } = askedOf(plainly);
  const line = `npx densessm check ${options.map(shellWord).join(' ')}`;
  if (!json) {
    say(stripVTControlCharacters(`asks again: ${line}`));
    if (backend !== undefined) say('It runs that shell command, as you gave it; the one inside the badge is not run.');
    if (data.accepted.length > 0 && !quiet) say('Accepted failures are those inside the badge.');
  }
  const now = badgeData(await judged(check), { ...asked, options, accepted: data.accepted });
  const differs = differences(data, now);
  const ok = differs.length === 0;
  if (json) sayJson('badge', { ok, file: path, says: badgeSays(now).says, badge: data, command: line, differs });
  else {
    for (const text of differs) say(text);
    const head = ok ? colour.right('EQUAL') : colour.wrong('DIFFERS');
    const rest = ok ? '' : `; now: ${badgeSays(now).says}`;
    say(`${head}: the badge says ${badgeSays(data).says}${rest}`);
  }
  return ok;
}

/** What is not as a badge says, a line each. */
function differences(badge: BadgeData, now: BadgeData): string[] {
  const found = (rows: readonly BadgeRow[], key: RowKey): BadgeRow | undefined =>
    rows.find((row) => rowName(row) === rowName(key));
  const rows = badge.rows.flatMap((row) => {
    const own = found(now.rows, row);
    if (own === undefined) return [`${rowName(row)}: is not offered; the badge says ${rowSays(row)}`];
    return isDeepStrictEqual(own, row) ? [] : [`${rowName(row)}: ${rowSays(own)}; the badge says ${rowSays(row)}`];
  });
  const more = now.rows.filter((row) => found(badge.rows, row) === undefined);
  const lists = (['problems', 'wrongEntries'] as const).filter((name) => !isDeepStrictEqual(badge[name], now[name]));
  const said = (texts: readonly string[]): string => texts.map((text) => plain(text, 300)).join('; ') || 'none';
  return [
    ...(badge.backend === now.backend
      ? []
      : [`the backend is ${quoted(now.backend)}; the badge is of ${quoted(badge.backend)}`]),
    ...rows.map((text) => plain(text, 600)),
    ...more.map((row) => `${rowName(row)}: ${rowSays(row)}; the badge has no such row`),
    ...lists.map((name) => `${listNames[name]}: ${said(now[name])}; the badge says ${said(badge[name])}`),
  ];
}

const listNames = { problems: 'the description', wrongEntries: 'accepted failures to correct' } as const;

const rowSays = ({ outputs, gradients, cases, unsupported, gradientsLeftOut, domain }: BadgeRow): string =>
  [
    `outputs ${outputs}`,
    `gradients ${gradients}`,
    ...(gradientsLeftOut.length === 0 ? [] : [`those of ${gradientsLeftOut.join(', ')} not offered`]),
    ...(cases === null ? [] : [amount(cases, 'case')]),
    ...(unsupported === 0 ? [] : [`${unsupported} declined`]),
    ...(domain.length === 0 ? [] : [`asked inside ${domain.join(', ')}`]),
  ].join(', ');
