import { testViews } from './views.ts';

testViews('cpu', 60);
testViews('wasm', 40);
testViews('webasm', 20);
