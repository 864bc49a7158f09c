/** @file Runs a program that is cut into numbered chunks: on one thread in order, or on several that take one chunk after another. */
import { after, type Callee, type Code, type Expression, type Local } from './code.ts';
import { call, discard, loop, loopWhile, repeatWhile, when } from './control.ts';
import { atomic, i32 } from './instructions.ts';
import { define } from './module.ts';

type I32 = Expression<'i32'>;

/**
 * Counters in memory that threads share, by address: each in a cache line of its own. Chunks are counted through all runs, modulo
 * 2³²: `next` is the first that no thread has taken, `done` the number of finished ones, `end` the one after the run's last, and `base` what the
 * program's first chunk would be in this run. `sleepers` wait for `done`.
 */
export const counters = { next: 64, done: 128, end: 192, base: 256, sleepers: 320, failed: 384 } as const;

/** A function of the program: it computes one chunk, with panels of products at `room`. */
export type Chunk = Callee<null>;

/** Checks of a counter before a thread sleeps: some 20 µs. Most waits are shorter, and waking a thread takes longer. */
const checks = 4000;

const counter = (name: keyof typeof counters): I32 => i32.const(counters[name]);
const now = (name: keyof typeof counters): I32 => atomic.load(counter(name));
const isBefore = (x: I32, y: I32): I32 => i32.lt(i32.sub(x, y), i32.const(0));
const goesOn = i32.eqz(now('failed'));

/** Counts up to the limit, and then sleeps. */
const checkOrSleep = (checked: Local<'i32'>, sleep: Code): Code =>
  when(i32.eq(checked, i32.const(checks)), sleep, checked.set(i32.add(checked, i32.const(1))));

/** `run` of one thread: computes the chunks from `from` to before `to`. */
export const alone = (chunk: Chunk): Callee<null> =>
  define('run', { from: 'i32', to: 'i32', room: 'i32' }, ({ from, to, room }, newLocal) => {
    const c = newLocal('i32');
    return loop(c, from, to, 1, call(chunk, c, room));
  });

/**
 * Functions of several threads. `begin` starts a run of the chunks from `from` to before `to`. `serve` waits for a run that ends elsewhere than
 * `last`, takes part until all its chunks are done, and returns its end. Chunk c of `count` begins when those before the one that the integer c at `readyAt` names are
 * done. A thread takes a chunk only when it can begin, so none waits for one that sleeps.
 */
export function together(
  chunk: Chunk,
  count: number,
  readyAt: number,
): { readonly begin: Callee<null>; readonly serve: Callee<'i32'> } {
  const wait = define('wait', { needed: 'i32' }, ({ needed }, newLocal) => {
    const [done, checked] = [newLocal('i32'), newLocal('i32')];
    const sleep = [
      discard(atomic.add(counter('sleepers'), i32.const(1))),
      discard(atomic.wait(counter('done'), done)),
      discard(atomic.add(counter('sleepers'), i32.const(-1))),
    ];
    return [
      done.set(now('done')),
      loopWhile(i32.and(isBefore(done, needed), goesOn), [checkOrSleep(checked, sleep), done.set(now('done'))]),
    ];
  });
  const take = define('take', { room: 'i32' }, ({ room }, newLocal) => {
    const [next, end, c, isMore] = [newLocal('i32'), newLocal('i32'), newLocal('i32'), newLocal('i32')];
    const ready = i32.load(i32.add(i32.const(readyAt), i32.shl(c, i32.const(2))));
    const own = [
      call(chunk, c, room),
      discard(atomic.add(counter('done'), i32.const(1))),
      when(now('sleepers'), discard(atomic.notify(counter('done')))),
    ];
    const one = [
      call(wait, i32.add(now('base'), ready)),
      when(i32.eq(atomic.compareExchange(counter('next'), next, i32.add(next, i32.const(1))), next), own),
    ];
    return repeatWhile(
      [
        next.set(now('next')),
        end.set(now('end')),
        c.set(i32.sub(next, now('base'))),
        isMore.set(isBefore(next, end)),
        // c is another number when a new run begins meanwhile; then another thread has taken the chunk
        when(isMore, when(i32.ltUnsigned(c, i32.const(count)), one), call(wait, end)),
      ],
      i32.and(isMore, goesOn),
    );
  });
  const begin = define('begin', { from: 'i32', to: 'i32' }, ({ from, to }, newLocal) => {
    const base = newLocal('i32');
    return [
      base.set(i32.sub(now('next'), from)),
      atomic.store(counter('base'), base),
      atomic.store(counter('end'), i32.add(base, to)),
      discard(atomic.notify(counter('end'))),
    ];
  });
  const serve = define('serve', { room: 'i32', last: 'i32' }, ({ room, last }, newLocal) => {
    const [end, checked] = [newLocal('i32'), newLocal('i32')];
    const sleep = discard(atomic.wait(counter('end'), last));
    const idle = loopWhile(i32.and(i32.eq(end, last), goesOn), [checkOrSleep(checked, sleep), end.set(now('end'))]);
    return after([end.set(now('end')), idle, call(take, room)], end);
  });
  return { begin, serve };
}
