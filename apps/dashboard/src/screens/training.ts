// Screens with curves, in one file to load.
export { Compare } from './compare/compare.tsx';
export { JobScreen } from './job/job.tsx';
