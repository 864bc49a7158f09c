/** @file Searches the site: loads the index and the texts when the page opens, and lists the sections that have the words. */
import MiniSearch from 'minisearch';
import { amount } from '../../src/io/text.ts';
import { escaped } from '../html.ts';
import { besideFirst, excerptOf, type Found, findOptions, searchOptions } from '../search.ts';

const input = document.querySelector<HTMLInputElement>('input[type=search]')!;
const status = document.querySelector('#found')!;
const list = document.querySelector('#results')!;

input.value = new URLSearchParams(location.search).get('q') ?? '';
status.textContent = input.value === '' ? '' : 'Loading the index …';

const loaded = (name: string): Promise<Response> =>
  fetch(new URL(/* @vite-ignore */ `../assets/${name}`, import.meta.url));
const [indexed, texts] = await Promise.all([
  loaded('search.json').then((answer) => answer.text()),
  loaded('search-texts.json').then((answer) => answer.json() as Promise<Record<string, string>>),
]);
const index = MiniSearch.loadJSON(indexed, searchOptions);

function show(): void {
  const words = input.value.trim();
  const results = besideFirst(index.search(words, findOptions) as unknown as Found[], words, texts);
  status.textContent = words === '' ? '' : amount(results.length, 'section');
  list.innerHTML = results
    .slice(0, 30)
    .map(
      ({ id, heading, page, terms }) =>
        `<li><a href="${escaped(id)}">${escaped(heading)}</a>${page === heading ? '' : ` <span class="quiet">${escaped(page)}</span>`}<p>${excerptOf(texts[id] ?? '', words, terms)}</p></li>`,
    )
    .join('');
}

input.addEventListener('input', () => {
  history.replaceState(
    null,
    '',
    input.value === '' ? location.pathname : `?${new URLSearchParams({ q: input.value })}`,
  );
  show();
});
input.form!.addEventListener('submit', (event) => event.preventDefault());
show();
input.form!.dataset.live = '';
input.focus();
