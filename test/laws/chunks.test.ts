import { testLaw } from './support.ts';

testLaw('chunks');
