import { testLaw } from './support.ts';

testLaw('shift');
