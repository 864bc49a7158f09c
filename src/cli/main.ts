#!/usr/bin/env node
/**
 * @file The densessm command. Exit status: 0 all is right, 1 something is wrong, 2 the command could not run as it was called (wrong
 * options, no such file) or could not write its output.
 */
import { reportError, run } from './program.ts';
import { handleStreamErrors } from './streams.ts';

handleStreamErrors();
process.on('uncaughtException', (error) => process.exit(reportError(error, process.argv)));
process.exitCode = await run(process.argv);
