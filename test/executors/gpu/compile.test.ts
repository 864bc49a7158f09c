import { testCompiled } from './compiled.ts';

testCompiled('wasm');
testCompiled('webasm');
testCompiled('cpu');
