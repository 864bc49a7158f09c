/** @file Makes the small cases of a page editable: computes them anew at each change, and keeps the changes in the address. */
import type { Operator } from '../../src/oracle/operator.ts';
import { workedTable } from '../worked.ts';

const isNamed = (x: unknown, name: string): x is Operator =>
  typeof x === 'object' && x !== null && 'modes' in x && (x as Operator).name === name;

/** Loads an operator when one of its cases is near the screen. site/bundle.ts writes a file for each. */
async function operatorNamed(name: string): Promise<Operator> {
  const address = new URL(/* @vite-ignore */ `./operators/${name}.js`, import.meta.url).href;
  const module: object = await import(/* @vite-ignore */ address);
  return Object.values(module).find((one): one is Operator => isNamed(one, name))!;
}

/** The numbers of a case as they stand in the address, by its equation. */
const key = (equation: string): string => `eq${equation}`;

/** Shows a case: takes its numbers from the address, and computes at every change. */
async function live(section: HTMLElement): Promise<void> {
  const operator = await operatorNamed(section.dataset.operator!);
  const { shapes, settings } = JSON.parse(section.querySelector('script')!.textContent!);
  const fields = [...section.querySelectorAll<HTMLInputElement>('input')];
  const output = section.querySelector('output')!;
  const equation = section.dataset.equation!;
  const compute = (): void => {
    const inputs = Object.fromEntries(
      Object.entries(shapes as Record<string, object>).map(([name, shape]) => [
        name,
        {
          ...shape,
          data: Float64Array.from(
            fields.filter((one) => one.dataset.name === name),
            ({ value }) => Number(value),
          ),
        },
      ]),
    );
    output.innerHTML = workedTable(operator, { inputs: inputs as never, settings });
  };
  const given = new URLSearchParams(location.search).get(key(equation))?.split(',');
  if (given?.length === fields.length && given.every((one) => Number.isFinite(Number(one)))) {
    for (const [i, field] of fields.entries()) field.value = given[i]!;
    compute();
  }
  for (const field of fields) field.readOnly = false;
  section.dataset.live = '';
  section.addEventListener('input', () => {
    compute();
    const query = new URLSearchParams(location.search);
    query.set(key(equation), fields.map(({ value }) => value).join(','));
    history.replaceState(null, '', `?${decodeURIComponent(`${query}`)}${location.hash}`);
  });
}

const near = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      void live(target as HTMLElement);
    }
  },
  { rootMargin: '400px' },
);
for (const section of document.querySelectorAll('.worked')) near.observe(section);
