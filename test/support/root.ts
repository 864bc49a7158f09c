/** @file The path of the project's root folder. */
import { fileURLToPath } from 'node:url';

/** The path of the project's root folder. */
export const root = fileURLToPath(new URL('../../', import.meta.url));
