// The list of jobs and the form of a new one, in one file to load.
export { Jobs } from './jobs/jobs.tsx';
export { Train } from './train/train.tsx';
