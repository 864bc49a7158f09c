import { testLaw } from './support.ts';

testLaw('reduces');
