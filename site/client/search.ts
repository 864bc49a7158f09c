/** @file Searches the site: loads the index when the page opens, and lists the sections that have the words. */
import MiniSearch from 'minisearch';
import { escaped } from '../html.ts';
import { searchOptions } from '../search.ts';

const input = document.querySelector<HTMLInputElement>('input[type=search]')!;
const status = document.querySelector('#found')!;
const list = document.querySelector('#results')!;

const answer = await fetch(new URL(/* @vite-ignore */ '../assets/search.json', import.meta.url));
const index = MiniSearch.loadJSON(await answer.text(), searchOptions);

function show(): void {
  const words = input.value.trim();
  const results = index.search(words, {
    prefix: true,
    fuzzy: 0.15,
    combineWith: 'AND',
    boost: { heading: 4, page: 2 },
  });
  status.textContent = words === '' ? '' : `${results.length} section${results.length === 1 ? '' : 's'}`;
  list.innerHTML = results
    .slice(0, 30)
    .map(
      ({ id, heading, page }) =>
        `<li><a href="${escaped(id)}">${escaped(heading)}</a>${page === heading ? '' : ` <span class="quiet">${escaped(page)}</span>`}</li>`,
    )
    .join('');
}

input.value = new URLSearchParams(location.search).get('q') ?? '';
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
