import { testLaw } from './support.ts';

testLaw('dyadic');
