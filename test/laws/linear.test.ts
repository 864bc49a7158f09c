import { testLaw } from './support.ts';

testLaw('linear');
