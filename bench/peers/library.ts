/** @file Starts the process of a library, and asks it for results and times. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Reply, Request } from './serve.ts';

/** The process of a library. `ask` never throws: a process that ends or is silent too long replies to everything with the reason. */
export interface Library {
  readonly name: string;
  ask(request?: Request): Promise<Reply>;
  end(): void;
}

/** The milliseconds after which a library that has not replied is ended. */
const patience = 60_000;

/** Starts a command. Its first reply, to `ask()`, is the version. */
export function start(name: string, [command, ...args]: readonly [string, ...string[]]): Library {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let errors = '';
  let silent = false;
  child.stderr.on('data', (text) => {
    errors = `${errors}${text}`.slice(-10_000);
  });
  child.on('error', (error) => {
    errors += error.message;
  });
  // a request to a process that has ended
  child.stdin.on('error', () => undefined);
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve));

  async function ask(request?: Request): Promise<Reply> {
    if (request !== undefined) child.stdin.write(`${JSON.stringify(request)}\n`);
    const timer = setTimeout(() => {
      silent = true;
      child.kill('SIGKILL');
    }, patience);
    try {
      for (;;) {
        const { done, value } = await lines.next();
        if (done) {
          const status = await closed;
          return { failed: silent ? `no reply in ${patience / 1e3} s` : (reason(errors) ?? `ended with ${status}`) };
        }
        // libraries greet on stdout too
        if (value.startsWith('{"')) return JSON.parse(value) as Reply;
      }
    } finally {
      clearTimeout(timer);
    }
  }
  return { name, ask, end: () => void child.stdin.end() };
}

/** The line of an error's text that says what happened, if there is any. */
function reason(errors: string): string | undefined {
  const lines = errors.split('\n').map((line) => line.trim());
  return lines.findLast((line) => /^(\w*Error\b.*|.*not found.*)/.test(line)) ?? lines.findLast((line) => line !== '');
}
