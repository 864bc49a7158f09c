import { testLaw } from './support.ts';

testLaw('modes');
