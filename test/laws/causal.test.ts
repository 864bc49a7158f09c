import { testLaw } from './support.ts';

testLaw('causal');
