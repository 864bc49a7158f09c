import { testLaw } from './support.ts';

testLaw('padded');
