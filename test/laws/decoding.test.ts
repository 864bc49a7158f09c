import { testLaw } from './support.ts';

testLaw('decoding');
