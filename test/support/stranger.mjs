/**
 * @file Test backends ("strangers", as somebody else might write them), `node stranger.mjs KIND`: a correct one (`echo`, which returns
 * its inputs) and many faulty ones. It uses no code of the project, so it is a second implementation of the protocol. It appends
 * the id of each process to the file PIDS.
 */
import { spawn } from 'node:child_process';
import { appendFileSync, closeSync, mkdirSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';

const [kind, questionPath, answerPath, flag] = process.argv.slice(2);
if (questionPath !== undefined && flag !== '--densessm-once') process.exit(5);

const note = (pid) => {
  if (process.env.PIDS) appendFileSync(process.env.PIDS, `${pid}\n`);
};
note(process.pid);

const sleep = (milliseconds) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
const hang = () => {
  for (;;) sleep(1000);
};

/** Reads exactly `length` bytes of standard input; exits at its end. */
function read(length) {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; ) {
    const count = readSync(0, bytes, at, length - at, null);
    if (count === 0) process.exit(0);
    at += count;
  }
  return bytes;
}

function write(bytes) {
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
  } catch (error) {
    // the reader closed the pipe first
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  }
}

/** Receives a message of densessm: its metadata, the header entries of its tensors, and their bytes. */
function receive() {
  const file = questionPath === undefined ? read(Number(read(16).readBigUInt64LE(8))) : readFileSync(questionPath);
  const length = Number(file.readBigUInt64LE(0));
  const { __metadata__: texts, ...tensors } = JSON.parse(file.subarray(8, 8 + length).toString());
  return { texts, tensors, data: file.subarray(8 + length) };
}

const fileOf = (header, data) => {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
};
const framed = (file, length = file.length) => {
  const head = Buffer.from('densessm00000000');
  head.writeBigUInt64LE(BigInt(length), 8);
  return Buffer.concat([head, file]);
};
const message = (texts, tensors = {}, data = Buffer.alloc(0)) =>
  framed(fileOf({ __metadata__: texts, ...tensors }, data));

function send(bytes) {
  if (answerPath === undefined) write(bytes);
  else writeFileSync(answerPath, bytes.subarray(16), { flag: 'wx' });
}

const operators = JSON.stringify({ retention: { modes: ['parallel'], dtypes: ['F32', 'F64'], gradients: true } });
const described = (id, more = {}) => ({ message: 'description', id, protocol: '1', name: kind, operators, ...more });

function describe({ texts }, more) {
  send(message(described(texts.id, more)));
}

/** Answers with every input as an output, and every cotangent as a gradient. */
function echo({ texts, tensors, data }, id = texts.id) {
  const outputs = Object.fromEntries(
    Object.entries(tensors).map(([name, entry]) => [name.replace(/^in/, 'out').replace(/^cotangent/, 'grad'), entry]),
  );
  send(message({ message: 'answer', id }, outputs, data));
}

const timesAsked = new Map();

const number = { dtype: 'F64', shape: [1], data_offsets: [0, 8] };

/** Differences from the correct backend: before it reads, at `describe`, or at the `run` after `count` earlier runs. */
const strangers = {
  echo: {},
  compiles: { describe: (asked) => describe(asked, { compiles: 'true' }) },
  // half a second for each new shape, and a hang at the third question of one
  'compiles-slowly': {
    describe: (asked) => describe(asked, { compiles: 'true' }),
    run(asked) {
      const [length] = asked.tensors['in/x'].shape;
      const times = (timesAsked.get(length) ?? 0) + 1;
      timesAsked.set(length, times);
      if (times === 1) sleep(500);
      if (times === 3) hang();
      echo(asked);
    },
  },
  'exits-at-once': { before: () => process.exit(0) },
  'says-why': {
    before() {
      for (let i = 1; i <= 30; i++) process.stderr.write(`line ${i}\n`);
      process.stderr.write('\u001b[31mImportError\u001b[0m: no module named torch\n');
      process.exit(3);
    },
  },
  crashes: {
    run({ texts }) {
      const whole = message({ message: 'answer', id: texts.id }, { 'out/y': number }, Buffer.alloc(8));
      process.stderr.write('about to read address 0\n');
      write(whole.subarray(0, 40));
      process.kill(process.pid, 'SIGSEGV');
      hang();
    },
  },
  'crashes-now-and-then': {
    run(asked) {
      if (asked.tensors['in/x'].shape[0] === 1) process.exit(9);
      echo(asked);
    },
  },
  'hangs-at-describe': { before: hang },
  'hangs-at-run': {
    run() {
      process.stderr.write('thinking\n');
      hang();
    },
  },
  'hangs-once': { run: hang },
  'hangs-with-a-child': {
    before: () => note(spawn('sleep', ['1000'], { stdio: 'inherit' }).pid),
    run: hang,
  },
  'hangs-in-a-message': {
    run({ texts }) {
      write(message({ message: 'answer', id: texts.id }).subarray(0, 30));
      hang();
    },
  },
  'reads-nothing': { before: () => write(message(described('1'))) || hang() },
  'floods-stdout': {
    run() {
      for (;;) write(Buffer.alloc(65536, 'a line that repeats\n'));
    },
  },
  'floods-stdout-with-bytes': {
    run() {
      for (;;) write(Buffer.alloc(65536, 0xfe));
    },
  },
  'floods-with-messages': {
    run({ texts }) {
      for (;;) write(message({ message: 'answer', id: texts.id }));
    },
  },
  'floods-stderr': {
    run() {
      for (let i = 0; i < 1000; i++) writeSync(2, `warning ${i}\n`.repeat(5000));
      writeSync(2, `${'x'.repeat(10_000_000)}\nthe last line\n`);
      process.exit(1);
    },
  },
  'text-first': { before: () => write(Buffer.from('Loading weights…\nDone.\n')) },
  'text-in-pieces': {
    before() {
      for (const piece of ['den', 'sessm ', 'says ', 'hello']) {
        write(Buffer.from(piece));
        sleep(10);
      }
    },
  },
  'text-between': {
    run(asked) {
      write(Buffer.from('step 1: loss 0.5\n'));
      echo(asked);
    },
  },
  'text-after': {
    run(asked) {
      echo(asked);
      write(Buffer.from('answered\n'));
    },
  },
  unframed: { describe: ({ texts }) => write(fileOf({ __metadata__: described(texts.id) }, Buffer.alloc(0))) },
  framed: { describe: ({ texts }) => writeFileSync(answerPath, message(described(texts.id))) },
  folder: { describe: () => mkdirSync(answerPath) },
  large: { describe: () => writeFileSync(answerPath, Buffer.alloc(2 ** 21)) },
  'cut-off': {
    run({ texts }) {
      const whole = message({ message: 'answer', id: texts.id }, { 'out/y': number }, Buffer.alloc(8));
      send(whole.subarray(0, whole.length - 5));
      process.exit(0);
    },
  },
  'wrong-id': { run: (asked) => echo(asked, 'abc') },
  'earlier-id': { run: (asked) => echo(asked, '1') },
  'no-id': { run: () => send(message({ message: 'answer' })) },
  'answers-twice': {
    run(asked) {
      echo(asked);
      echo(asked);
    },
  },
  late: {
    run(asked) {
      if (asked.tensors['in/x'].shape[0] === 1) sleep(1500);
      echo(asked);
    },
  },
  'announces-4-gb': {
    run() {
      write(framed(Buffer.alloc(100), 2 ** 32));
      hang();
    },
  },
  'invalid-json': { run: () => send(framed(fileOf('{"out/y": ', Buffer.alloc(0)))) },
  'wrong-numbers': {
    run({ texts }) {
      const tensors = {
        'out/x': { dtype: 'I64', shape: [1, 1], data_offsets: [0, 8] },
        'grad/z': { ...number, data_offsets: [8, 16] },
      };
      send(message({ message: 'answer', id: texts.id }, tensors, Buffer.alloc(16)));
    },
  },
  'odd-name': {
    run: ({ texts }) => send(message({ message: 'answer', id: texts.id }, { y: number }, Buffer.alloc(8))),
  },
  'unknown-kind': { run: ({ texts }) => send(message({ message: 'result', id: texts.id })) },
  'no-kind': { run: ({ texts }) => send(message({ id: texts.id })) },
  unsupported: {
    run: ({ texts }) => send(message({ message: 'unsupported', id: texts.id, reason: 'heads are\nmultiples of 8' })),
  },
  error: {
    run({ texts }) {
      process.stderr.write('Traceback\n');
      sleep(100);
      send(message({ message: 'error', id: texts.id, reason: 'out of memory' }));
    },
  },
  'error-at-describe': { describe: ({ texts }) => send(message({ message: 'error', id: texts.id, reason: 'no GPU' })) },
  'protocol-2': { describe: (asked) => describe(asked, { protocol: '2' }) },
  'no-operators': { describe: (asked) => describe(asked, { operators: undefined }) },
  'ignores-sigterm': {
    before: () => process.on('SIGTERM', () => {}),
    run: hang,
  },
  'leaves-a-child': {
    before() {
      const { pid } = spawn(process.execPath, ['-e', "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"], {
        stdio: 'inherit',
      });
      note(pid);
    },
  },
  'leaves-a-child-and-exits': {
    before() {
      note(spawn('sleep', ['1000'], { stdio: 'inherit' }).pid);
      sleep(100);
      process.exit(4);
    },
  },
  'closes-stdout': {
    run() {
      closeSync(1);
      hang();
    },
  },
  'closes-stdin': {
    before() {
      readSync(0, new Uint8Array(2 ** 16)); // a writer that is late must not meet a closed pipe at its first message
      closeSync(0);
      write(message(described('1')));
      hang();
    },
  },
  'notes-runs': {
    run(asked) {
      note(process.pid);
      echo(asked);
    },
  },
  'exits-after-answers': {
    run(asked) {
      echo(asked);
      process.exit(0);
    },
  },
};

const { before, describe: atDescribe = describe, run = echo } = strangers[kind];
before?.();
do {
  const asked = receive();
  if (asked.texts.message === 'describe') atDescribe(asked);
  else run(asked);
} while (questionPath === undefined);
