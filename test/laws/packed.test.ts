import { testLaw } from './support.ts';

testLaw('packed');
