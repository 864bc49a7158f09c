import { testSequences } from './sequences.ts';

testSequences('webasm', 10);
testSequences('cpu', 3);
