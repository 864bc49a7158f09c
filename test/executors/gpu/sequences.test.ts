import { testSequences } from './sequences.ts';

testSequences('wasm', 10);
testSequences('webasm', 10);
testSequences('cpu', 3);
