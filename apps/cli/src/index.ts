// What other programs in the repository may use of the command line: the program, without running it.
export { createProgram } from './program.ts';
