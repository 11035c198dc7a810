// Screens of datasets, in one file to load.
export { DatasetScreen } from './datasets/dataset.tsx';
export { Datasets } from './datasets/datasets.tsx';
