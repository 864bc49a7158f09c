/**
 * @file A program that is ended while it asks: `driver.ts stays|once COMMAND WAY`. It opens COMMAND, says `asking`, asks a
 * question that is not answered, and waits for a signal (WAY `signal`), exits or throws.
 */
import { openOnce } from '../../../src/oracle/backends/once.ts';
import { openProcess } from '../../../src/oracle/backends/process.ts';
import { limits, question } from '../../support/strangers.ts';

const [how, command, way] = process.argv.slice(2);
const backend = await (how === 'once' ? openOnce : openProcess)(command!, limits);
void backend.answer(question());
// so that the question is under way
await new Promise((resolve) => setTimeout(resolve, 1000));
process.stdout.write('asking\n');
if (way === 'exits') process.exit(7);
if (way === 'throws') throw new Error('a fault');
