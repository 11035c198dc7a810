// The keys of all objects. No other file spells them.

const padded = (step: number) => String(step).padStart(8, '0');

const projectPrefix = (projectId: string) => `${projectsPrefix}${projectId}/`;

export const datasetPrefix = (projectId: string, datasetId: string) => `${projectPrefix(projectId)}datasets/${datasetId}/`;
export const datasetImageKey = (projectId: string, datasetId: string, imageId: string) =>
  `${datasetPrefix(projectId, datasetId)}${imageId}.png`;

/** Key of a mask: a gray PNG in the size of its image. Another mask of the image gets another key. */
export const datasetMaskKey = (projectId: string, datasetId: string, maskId: string) =>
  `${datasetPrefix(projectId, datasetId)}masks/${maskId}.png`;

/** Key of an uploaded file that no dataset has taken over yet. */
export const pendingUploadKey = (projectId: string, uploadId: string) => `${projectPrefix(projectId)}uploads/${uploadId}`;

/** Widths in which thumbnails are made. */
export const THUMBNAIL_WIDTHS = [128, 256, 512, 1024] as const;
export type ThumbnailWidth = (typeof THUMBNAIL_WIDTHS)[number];
const USUAL_WIDTH = 256;
/** Key of a thumbnail, next to its image. Thumbnails are made on request and can be removed at any time. */
export function thumbnailKey(imageKey: string, width: ThumbnailWidth): string {
  const slash = imageKey.lastIndexOf('/');
  const name = imageKey.slice(slash + 1).replace(/\.\w+$/, '');
  return `${imageKey.slice(0, slash)}/thumbnails/${name}${width === USUAL_WIDTH ? '' : `-${width}`}.webp`;
}
export const datasetThumbnailKey = (projectId: string, datasetId: string, imageId: string) =>
  thumbnailKey(datasetImageKey(projectId, datasetId, imageId), USUAL_WIDTH);
export const thumbnailKeys = (imageKey: string): string[] => THUMBNAIL_WIDTHS.map((width) => thumbnailKey(imageKey, width));

/** Key of the file with the id of the installation that the store belongs to. */
export const installationKey = 'installation.json';

export const projectsPrefix = 'projects/';

/** Prefix of base models for all machines: manifests by name, files by their SHA-256. */
export const publishedModelsPrefix = 'base-models/';
export const publishedModelKey = (name: string) => `${publishedModelsPrefix}manifests/${name}.json`;
export const publishedFileKey = (sha256: string) => `${publishedModelsPrefix}files/${sha256}`;

/** Prefix of objects that a sweep has removed, by day (`2026-01-31`), until they are deleted. */
export const trashPrefix = 'trash/';
export const trashKey = (day: string, key: string) => `${trashPrefix}${day}/${key}`;

export const trainingJobPrefix = (projectId: string, jobId: string) => `${projectPrefix(projectId)}training-jobs/${jobId}/`;
export const checkpointsPrefix = (projectId: string, jobId: string) => `${trainingJobPrefix(projectId, jobId)}checkpoints/`;

/**
 * Prefix of a checkpoint. Each attempt at a job has its own, so that an attempt that was taken for dead cannot damage a complete
 * checkpoint.
 */
export const checkpointPrefix = (projectId: string, jobId: string, step: number, attempt: number) =>
  `${checkpointsPrefix(projectId, jobId)}${padded(step)}-${attempt}/`;

/** The manifest is written last: without it, a checkpoint does not exist. */
export const manifestName = 'manifest.json';

/** Key of a validation image, which is the same in every attempt. */
export const validationImageKey = (projectId: string, jobId: string, step: number, index: number) =>
  `${trainingJobPrefix(projectId, jobId)}validation/${padded(step)}/${padded(index)}.png`;

/**
 * Prefix of images that a base model generated for one prompt, shared by all jobs of the project. `digest`: hash of everything they depend
 * on.
 */
export const classImagesPrefix = (projectId: string, digest: string) => `${projectPrefix(projectId)}class-images/${digest}/`;

export const generationPrefix = (projectId: string, generationId: string) => `${projectPrefix(projectId)}generations/${generationId}/`;
export const generationImageKey = (projectId: string, generationId: string, index: number, extension = 'png') =>
  `${generationPrefix(projectId, generationId)}${padded(index)}.${extension}`;
/** Key of a generation's start image, as it was at the time of the request. */
export const generationInputKey = (projectId: string, generationId: string) => `${generationPrefix(projectId, generationId)}input`;

/** Prefix of a model of the registry. */
export const modelPrefix = (projectId: string, modelId: string) => `${projectPrefix(projectId)}models/${modelId}/`;
export const modelCoverKey = (projectId: string, modelId: string, sha256: string) =>
  `${modelPrefix(projectId, modelId)}cover-${sha256.slice(0, 16)}.png`;

/** Key of the file of an uploaded adapter, a version of the model. */
export const uploadedAdapterKey = (projectId: string, modelId: string, versionId: string, fileName: string) =>
  `${modelPrefix(projectId, modelId)}versions/${versionId}/${fileName}`;

/** Prefix of exported files of a checkpoint. */
export const exportsPrefix = (projectId: string, jobId: string, checkpointId: string) =>
  `${trainingJobPrefix(projectId, jobId)}exports/${checkpointId}/`;
/** Key of an exported file; each attempt has its own. */
export const exportKey = (prefix: string, exportId: string, attempt: number, fileName: string) =>
  `${prefix}${exportId}-${attempt}/${fileName}`;

export const evaluationPrefix = (projectId: string, evaluationId: string) => `${projectPrefix(projectId)}evaluations/${evaluationId}/`;
/** `model`: index of the model in the evaluation. */
const evaluationImagesPrefix = (projectId: string, evaluationId: string, model: number) =>
  `${evaluationPrefix(projectId, evaluationId)}${model}/`;
export const evaluationImageKey = (projectId: string, evaluationId: string, model: number, index: number) =>
  `${evaluationImagesPrefix(projectId, evaluationId, model)}${padded(index)}.png`;
export const evaluationReportKey = (projectId: string, evaluationId: string) => `${evaluationPrefix(projectId, evaluationId)}report.json`;
