/** @file Finds the width that gives two models the same number of parameters. */
import { countParameters, equalWidth, presets } from 'densessm/models';

const small = { vocabulary: 256, layers: 6, heads: 2 };
const parameters = presets['dense-retnet'].count({ ...small, width: 128 });
const width = equalWidth(presets['dense-mamba'], parameters, { ...small, tolerance: 0.05 }); // narrow models have coarse steps
const config = presets['dense-mamba'].config({ ...small, width });
console.log(width, parameters, countParameters(presets['dense-mamba'].model, config));
