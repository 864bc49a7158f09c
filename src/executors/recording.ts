/** @file Wraps an executor and reports the value at each site (a named intermediate value), as forward hooks do. */
import type { SiteParams } from '../tensor/primitives/site.ts';
import type { Executor, Value } from '../tensor/value.ts';

/** Returns an executor that runs on `base` and calls `visit` with the name and value of every site. */
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

/**
 * Returns an executor that runs on `base`. At each value that `tapped` names it calls `visit` with the name and the value, and goes on with the result, which has the
 * same shape.
 */
export function watching(base: Executor, visit: (name: string, x: Value) => unknown): Executor {
  const self: Executor = {
    ...base,
    name: `${base.name}, watching`,
    watches: true,
    get root() {
      return self;
    },
    run(primitive, xs, params, shape) {
      const { name, isOpen } = params as SiteParams;
      return primitive.name === 'site' && isOpen ? visit(name, xs[0]!) : base.run(primitive, xs, params, shape);
    },
  };
  return self;
}
