/** @file An executor that does what another does and shows what passes each site: for intermediates and reports. */
import type { SiteParams } from '../tensor/primitives/site.ts';
import type { Executor, Value } from '../tensor/value.ts';

/** The executor `base` under another name, which calls `visit` with every value that passes a site. */
export function recording<D>(base: Executor<D>, visit: (name: string, x: Value<D>) => void): Executor<D> {
  const self: Executor<D> = {
    ...base,
    name: `${base.name}, recording`,
    get root() {
      return self as Executor;
    },
    run(primitive, xs, params, shape) {
      if (primitive.name === 'site') visit((params as SiteParams).name, xs[0] as Value<D>);
      return base.run(primitive, xs, params, shape);
    },
  };
  return self;
}
