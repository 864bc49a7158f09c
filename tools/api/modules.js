/** @file A TypeDoc plugin: names each module as users import it, and describes it by the header of its file. */
import { readFileSync } from 'node:fs';
import { Comment, Converter, ReflectionKind } from 'typedoc';

const root = new URL('../../', import.meta.url);

/** `src/executors/gpu` is imported as `densessm/gpu`, and `src` as `densessm`. */
const importedAs = (name) => `densessm/${name.split('/').at(-1)}`.replace(/\/src$/, '');

export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
      if (module.parent !== project) continue;
      const [, header] = /@file\s+([\s\S]*?)\s*\*\//.exec(
        readFileSync(new URL(`${module.name}/index.ts`, root), 'utf8'),
      );
      module.comment = new Comment([{ kind: 'text', text: header.replace(/\n \*/g, '\n') }]);
      module.name = importedAs(module.name);
    }
  });
}
