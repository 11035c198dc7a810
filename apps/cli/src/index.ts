// Exports the program without running it, for other packages of the repository.
export { createProgram } from './program.ts';
