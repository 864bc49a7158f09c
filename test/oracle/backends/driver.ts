/**
 * @file A program that ends while a question is open: `driver.ts stays|once COMMAND WAY`. It opens the backend COMMAND, asks a
 * question, prints `asking`, and then exits (WAY `exits`), throws (WAY `throws`) or waits for a signal.
 */
import { openOnce } from '../../../src/oracle/backends/once.ts';
import { openProcess } from '../../../src/oracle/backends/process.ts';
import { limits, question } from '../../support/strangers.ts';

const [how, command, way] = process.argv.slice(2);
const backend = await (how === 'once' ? openOnce : openProcess)(command!, limits);
void backend.answer(question());
// wait until the backend works on the question
await new Promise((resolve) => setTimeout(resolve, 1000));
process.stdout.write('asking\n');
if (way === 'exits') process.exit(7);
if (way === 'throws') throw new Error('a fault');
