import { testLaw } from './support.ts';

testLaw('permutes');
