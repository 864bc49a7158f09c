import { testLaw } from './support.ts';

testLaw('resumable');
