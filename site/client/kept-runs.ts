/** @file Keeps the states of runs in the browser, so that they go on after the page slept or was closed. */
import type { RunState } from '../../src/training/index.ts';
import type { Progress } from '../labs/train/view.ts';

/** A run as it is kept. */
export interface KeptRun {
  readonly progress: Progress;
  readonly state: RunState;
}

const store = 'runs';

/** Opens the database; null where the browser has none, as some have not in private windows. */
const opened = new Promise<IDBDatabase | null>((resolve) => {
  try {
    const request = indexedDB.open('densessm-lab', 1);
    request.onupgradeneeded = () => request.result.createObjectStore(store);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => resolve(null);
  } catch {
    resolve(null);
  }
});

async function within<T>(mode: 'readonly' | 'readwrite', work: (all: IDBObjectStore) => IDBRequest<T>) {
  const database = await opened;
  if (database === null) return undefined;
  return new Promise<T | undefined>((resolve) => {
    const request = work(database.transaction(store, mode).objectStore(store));
    request.onsuccess = () => resolve(request.result);
    // a full disk costs what would have been kept, not the run
    request.onerror = () => resolve(undefined);
  });
}

/** Keeps the run of a name in place of the one before. */
export const keepRun = (name: string, run: KeptRun): Promise<unknown> =>
  within('readwrite', (all) => all.put(run, name));

/** The run of a name, if one is kept. */
export const keptRun = (name: string): Promise<KeptRun | undefined> =>
  within('readonly', (all) => all.get(name) as IDBRequest<KeptRun | undefined>);

/** Forgets the runs of other names. */
export const forgetOthers = async (names: readonly string[]): Promise<void> => {
  const known = (await within('readonly', (all) => all.getAllKeys())) ?? [];
  for (const name of known)
    if (!names.includes(`${name}`)) await within('readwrite', (all) => all.delete(name) as IDBRequest<undefined>);
};
