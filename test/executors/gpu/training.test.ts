import { testTraining } from './training.ts';

testTraining('webasm');
testTraining('cpu');
