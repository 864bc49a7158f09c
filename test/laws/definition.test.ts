import { testLaw } from './support.ts';

testLaw('definition');
