/** @file Computes what a lab shows, in a worker, so that its controls answer at once. */
import { type Lab, labState, type View } from '../labs/shared/lab.ts';

/** What the page asks: the view of a lab in the state of a query. */
export interface LabQuestion {
  readonly lab: string;
  readonly query: string;
}

/** The view of a query, or why there is none. */
export type LabAnswer =
  | { readonly query: string; readonly view: View }
  | { readonly query: string; readonly message: string };

const self = globalThis as unknown as {
  onmessage(event: { readonly data: LabQuestion }): void;
  postMessage(message: LabAnswer): void;
};

/** The modules of labs; a worker loads that of its page. */
const modules = import.meta.glob<Lab>(['../labs/*.ts', '!../labs/index.ts'], { import: 'lab' });

async function answer({ lab: name, query }: LabQuestion): Promise<LabAnswer> {
  const lab = await modules[`../labs/${name}.ts`]!();
  return { query, view: lab.view(labState(lab, query)) };
}

self.onmessage = ({ data }) => {
  answer(data)
    .catch((error: unknown) => ({ query: data.query, message: error instanceof Error ? error.message : `${error}` }))
    .then((found) => self.postMessage(found));
};
