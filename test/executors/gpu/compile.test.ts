import { testCompiled } from './compiled.ts';

testCompiled('webasm');
testCompiled('cpu');
