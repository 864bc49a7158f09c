import { testLaw } from './support.ts';

testLaw('associative');
