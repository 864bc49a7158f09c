/** @file Loads TypeScript as JavaScript without types: hooks of Node's module loader. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { transformWithOxc } from 'vite';

const { exports } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

/** Finds the package by its name, as examples import it, in the sources. */
export function resolve(specifier, context, next) {
  const entry = /^densessm(?=$|\/)/.test(specifier) && exports[specifier.replace('densessm', '.')]?.types;
  if (!entry) return next(specifier, context);
  const source = entry.replace('./dist/', '../../').replace('.d.ts', '.ts');
  return next(new URL(source, import.meta.url).href, context);
}

/** Removes the types. The map gives stack traces the lines of the source. */
export async function load(url, context, next) {
  if (!url.startsWith('file:') || !new URL(url).pathname.endsWith('.ts')) return next(url, context);
  const path = fileURLToPath(url);
  const { code, map } = await transformWithOxc(readFileSync(path, 'utf8'), path, { sourcemap: true });
  const mapped = `data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`;
  return { format: 'module', source: `${code}\n//# sourceMappingURL=${mapped}`, shortCircuit: true };
}
