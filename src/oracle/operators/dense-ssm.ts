/** @file The dense hidden connection over state space models: what is collected, and how it is injected (Eqs. 10 and 11). */
import * as dense from '../../../spec/10-dense-hidden.ts';
import { collected, fusedFeature } from './dense-features.ts';

/** Eq. 10: what a layer collects from the states of the layers before it. */
export const collect = collected('collect', 10, dense.collect);

/** Eq. 11: a layer's own state with what it collected. */
export const inject = fusedFeature('inject', 11, dense.collect, dense.inject);
