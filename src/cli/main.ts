#!/usr/bin/env node
/**
 * @file The densessm command. Exit status: 0 all is right, 1 something is wrong, 2 the command could not run as it was called (wrong
 * options, no such file) or could not write its output.
 */
import { setFlagsFromString } from 'node:v8';
import { reportError, run } from './program.ts';
import { handleStreamErrors } from './streams.ts';

// A command runs many functions for a second or a few. With V8's own budget, half of its CPU time went into optimising them. Later
// engines, from Node 22 on, lack the flag, and would say so at each call.
if (Number.parseInt(process.versions.v8, 10) < 12) setFlagsFromString('--interrupt-budget=400000');

handleStreamErrors();
process.on('uncaughtException', (error) => process.exit(reportError(error, process.argv)));
process.exitCode = await run(process.argv);
