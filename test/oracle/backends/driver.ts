/**
 * @file A program that ends while a question is open: `driver.ts stays|once COMMAND FILE WAY`. It opens the backend COMMAND, whose two
 * processes write their ids to FILE, asks a question, prints `asking`, and then exits (WAY `exits`), throws (WAY `throws`) or waits for
 * a signal.
 */
import { readFileSync } from 'node:fs';
import { openOnce } from '../../../src/oracle/backends/once.ts';
import { openProcess } from '../../../src/oracle/backends/process.ts';
import { limits, question } from '../../support/strangers.ts';

const [how, command, file, way] = process.argv.slice(2);
const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
const backend = await (how === 'once' ? openOnce : openProcess)(command!, limits);
void backend.answer(question());
while (readFileSync(file!, 'utf8').split('\n').length <= 2) await wait(10);
// then it reads the question
await wait(200);
process.stdout.write('asking\n');
if (way === 'exits') process.exit(7);
if (way === 'throws') throw new Error('a fault');
