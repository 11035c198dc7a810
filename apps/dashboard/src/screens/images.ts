// Screens of images, those that are learned from and those that are generated, in one file to load.
import './shared.ts';

export { DatasetScreen } from './datasets/dataset.tsx';
export { Datasets } from './datasets/datasets.tsx';
export { Gallery } from './gallery/gallery.tsx';
export { Play } from './play/play.tsx';
