import { testLaw } from './support.ts';

testLaw('derivative');
