import { testViews } from './views.ts';

testViews('cpu', 60);
testViews('wasm', 60);
testViews('webasm', 20);
