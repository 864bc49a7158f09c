/** @file Runs the lab of faults: asks a worker at each change of the state, and draws what it finds. */
import type { Settings } from '../../src/oracle/case.ts';
import { escaped } from '../html.ts';
import {
  breakControls,
  type FaultTable,
  faultShown,
  freeIn,
  freeNames,
  isInChunks,
  operatorIn,
} from '../labs/break/controls.ts';
import type { Compared } from '../labs/break/errors.ts';
import type { LawRow } from '../labs/break/trial.ts';
import {
  axesOf,
  caseText,
  countText,
  elementOf,
  elementTable,
  errorMap,
  lawTable,
  mapControls,
  noneSmallest,
  smallestText,
  tensorOf,
} from '../labs/break/view.ts';
import { queryOf, stateFrom } from '../labs/shared/controls.ts';
import type { BreakAnswer } from './break-worker.ts';
import { fillControls, followLinks, offerLink, queryIn, redraw } from './controls.ts';

const root = document.querySelector<HTMLElement>('.lab')!;
const form = root.querySelector('form')!;
const says = root.querySelector('.says')!;
const figure = root.querySelector<HTMLElement>('.figure')!;
figure.innerHTML = `<div class="broken"><section><h2>Laws</h2><div class="tried"></div></section>
<section class="errors"><h2>Where the errors are</h2><div class="drawn"></div></section>
<section><h2>The smallest failing case</h2><div class="smallest"></div></section></div>`;
const [tried, drawn, shrunk] = ['.tried', '.drawn', '.smallest'].map(
  (name) => figure.querySelector<HTMLElement>(name)!,
);

const worker = new Worker(new URL('./break-worker.ts', import.meta.url), { type: 'module' });
let table: FaultTable = {};
let id = 0;
let asked = '';
let rows: readonly LawRow[] = [];
let waiting: readonly string[] = [];
let compared: readonly Compared[] = [];
let settings: Settings = {};
let ofLaw = '';
/** The fault that was asked for, where the operator has none of its name. */
let missing = '';

const controls = () => breakControls(table, operatorIn(table, location.search));
const state = () => stateFrom(controls(), location.search);

/** The address of the state with changes. */
function to(change: Readonly<Record<string, string | number>>): string {
  const query = new URLSearchParams(queryOf(controls(), state()));
  for (const [name, value] of Object.entries({ ...freeIn(location.search), ...change }))
    if (value === '') query.delete(name);
    else query.set(name, `${value}`);
  return `?${query}`;
}

/** Options of a list of the form, which depend on the table and on the operator. */
function fillOptions(name: string, options: Readonly<Record<string, string>>): void {
  const list = form.elements.namedItem(name) as HTMLSelectElement;
  if (list.length === Object.keys(options).length && [...list.options].every(({ value }) => value in options)) return;
  list.replaceChildren(...Object.entries(options).map(([value, text]) => new Option(text, value)));
}

/** A sentence on what the laws say so far. */
function sentence(): string {
  const { operator, fault } = state();
  const instead =
    missing === '' ? '' : `<code>${operator}</code> has no fault <code>${escaped(missing)}</code>; shown is `;
  return `${instead}<code>${fault}</code>: ${escaped(table[operator]?.[fault] ?? '')}. ${countText(rows, waiting)}`;
}

function drawLaws(): void {
  says.innerHTML = sentence();
  tried!.innerHTML = lawTable(rows, waiting, ofLaw, to);
}

function drawErrors(): void {
  if (compared.length === 0) return;
  const { tensor, rows: down, columns, at } = freeIn(location.search);
  const one = tensorOf(compared, tensor);
  const axes = axesOf(one, down, columns);
  const element = elementOf(one, at);
  const row = rows.find(({ law }) => law === ofLaw);
  const isRejected = row !== undefined && row.rejected !== null;
  const isElsewhere = isRejected && compared.every(({ where }) => where === null);
  const within = `every number is within its bound${isElsewhere ? ', and the law rejects what the program answers where it asks again' : ''}`;
  const { fault, tokens } = state();
  redraw(
    drawn!,
    `${mapControls(compared, one, axes)}
<p>${isRejected ? 'On the case that' : 'On a case that'} <code>${ofLaw}</code> ${isRejected ? 'rejects' : 'accepts'}: ${one.where ?? within}.</p>
<p class="quiet law"><code>${ofLaw}</code>: ${escaped(row?.statement ?? '')}.</p>
${caseText(settings, fault, tokens)}
<div class="beside-map"><div class="table" tabindex="0" role="group" aria-label="Error / bound of ${one.name}">${errorMap(one, axes, element, to)}</div>
${elementTable(one, element)}</div>`,
  );
}

/** Writes the fault that is shown into the address, where the one that it names is of another operator. */
function settleFault(): void {
  const query = new URLSearchParams(location.search);
  const asked = query.get('fault') ?? '';
  if (asked === '') return;
  const fault = faultShown(table, operatorIn(table, location.search), asked);
  if (fault === asked) return;
  if (!fault.endsWith(asked.slice(asked.indexOf('/')))) missing = asked;
  query.set('fault', fault);
  history.replaceState(null, '', `?${query}`);
}

/** Shows the state of the address; asks the worker if something is to be computed. */
function draw(): void {
  settleFault();
  const now = controls();
  const values = state();
  fillOptions('operator', now.operator.options);
  fillOptions('fault', now.fault.options);
  fillControls(form, now, values);
  (form.elements.namedItem('chunk') as HTMLInputElement).disabled = !isInChunks(values.fault);
  const { law } = freeIn(location.search);
  const question = { ...values, law };
  const text = JSON.stringify(question);
  if (text !== asked) {
    asked = text;
    id++;
    [rows, waiting, compared] = [[], [], []];
    form.dataset.live = 'working';
    drawn!.innerHTML = '<p class="quiet awaited">computing …</p>';
    shrunk!.innerHTML = '<p class="quiet awaited">computing …</p>';
    worker.postMessage({ id, ...question });
  }
  drawLaws();
  drawErrors();
}

/** Says what failed, in place of what is waited for. The next change of the state asks again. */
function showFailure(message: string): void {
  form.dataset.live = '';
  asked = '';
  tried!.innerHTML = lawTable(rows, [], ofLaw, to);
  says.textContent = `This could not be computed: ${message}`;
  for (const part of figure.querySelectorAll('.awaited')) part.textContent = 'not computed';
}

worker.onerror = ({ message }) => showFailure(message || 'the code of this lab was not loaded; reload the page');
worker.onmessage = ({ data }: { readonly data: BreakAnswer }) => {
  if (data.kind === 'table') {
    table = data.table;
    form.querySelector('fieldset')!.disabled = false;
    draw();
    offerLink(root, () => to({}));
    return;
  }
  if (data.id !== id) return;
  if (data.kind === 'failed') {
    showFailure(data.message);
    return;
  }
  if (data.kind === 'laws') [rows, waiting] = [data.rows, data.waiting];
  if (data.kind === 'errors') {
    ({ compared, settings, law: ofLaw } = data);
    drawErrors();
  }
  if (data.kind === 'smallest')
    shrunk!.innerHTML = data.found === null ? noneSmallest(rows, data.law) : smallestText(data.law, data.found);
  if (data.kind === 'done') form.dataset.live = '';
  drawLaws();
};

form.addEventListener('input', () => {
  missing = '';
  const query = new URLSearchParams(queryIn(form, controls()));
  const free = freeIn(location.search);
  // a law, a tensor or an element of another fault may not be there
  const isSame = query.get('fault') === state().fault && query.get('operator') === state().operator;
  for (const name of freeNames) if (isSame && free[name] !== '' && name !== 'at') query.set(name, free[name]);
  history.replaceState(null, '', `?${query}`);
  draw();
});
form.addEventListener('submit', (event) => event.preventDefault());
drawn!.addEventListener('input', (event) => {
  const { name, value } = event.target as HTMLSelectElement;
  const change = name === 'tensor' ? { tensor: value, rows: '', columns: '', at: '' } : { [name]: value, at: '' };
  history.replaceState(null, '', to(change));
  drawErrors();
  drawn!.querySelector<HTMLSelectElement>(`select[name="${name}"]`)?.focus();
});
followLinks(root, () => {
  missing = '';
  const within = document.activeElement?.closest('.heat') !== null && document.activeElement !== document.body;
  draw();
  if (within) drawn!.querySelector<HTMLElement>('.heat [aria-current]')?.focus();
});
/** Steps between cells by the arrow keys. */
const moves: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};
drawn!.addEventListener('keydown', (event) => {
  const cell = (event.target as Element).closest<HTMLTableCellElement>('.heat td');
  const move = moves[event.key];
  if (cell === null || move === undefined) return;
  const row = cell.parentElement as HTMLTableRowElement;
  const next = (row.parentElement as HTMLTableSectionElement).rows[row.sectionRowIndex + move[0]]?.cells[
    cell.cellIndex + move[1]
  ];
  const link = next?.querySelector('a');
  if (!link) return;
  event.preventDefault();
  history.replaceState(null, '', link.href);
  drawErrors();
  drawn!.querySelector<HTMLElement>('.heat [aria-current]')?.focus();
});
