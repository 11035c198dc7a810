// Screens of datasets and generated images, bundled to one file, because small files compress badly.
export { DatasetScreen } from './datasets/dataset.tsx';
export { Datasets } from './datasets/datasets.tsx';
export { Gallery } from './gallery/gallery.tsx';
export { Play } from './play/play.tsx';
