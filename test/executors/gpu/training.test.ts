import { testTraining } from './training.ts';

testTraining('wasm');
testTraining('webasm');
testTraining('cpu');
