/** @file Tests a property of a kernel on drawn cases: a linear scan of doubled inputs is twice that of the inputs. */
import { cases, operators, type Tensor } from 'densessm/oracle';
import fc from 'fast-check';
import mine from './kernels.ts';

const { run } = mine.operators.linearScan!;
const linearScan = operators.find(({ name }) => name === 'linearScan')!;
const doubled = ({ shape, data }: Tensor) => ({ shape, data: data.map((x) => 2 * x) });

await fc.assert(
  fc.asyncProperty(cases(linearScan, { longest: 33 }), async ({ inputs, settings }) => {
    const { a, b, state } = inputs as Record<'a' | 'b' | 'state', Tensor>;
    const once = await run({ a, b, state }, settings, 'recurrent');
    const twice = await run({ a, b: doubled(b), state: doubled(state) }, settings, 'recurrent');
    return Array.from(once.output!.data).every((y, i) => 2 * y === twice.output!.data[i]);
  }),
);
