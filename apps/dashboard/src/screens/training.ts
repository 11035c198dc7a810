// Screens with curves, bundled to one file.
import './shared.ts';

export { Compare } from './compare/compare.tsx';
export { JobScreen } from './job/job.tsx';
