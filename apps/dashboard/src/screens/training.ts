// Screens with curves, bundled to one file.
export { Compare } from './compare/compare.tsx';
export { JobScreen } from './job/job.tsx';
