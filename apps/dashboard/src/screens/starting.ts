// The list of jobs and the form of a new one, bundled to one file.
export { Jobs } from './jobs/jobs.tsx';
export { Train } from './train/train.tsx';
