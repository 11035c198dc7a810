// Where every kind of object is stored: the only place that spells object keys.

const padded = (step: number) => String(step).padStart(8, '0');

const projectPrefix = (projectId: string) => `${projectsPrefix}${projectId}/`;

export const datasetPrefix = (projectId: string, datasetId: string) => `${projectPrefix(projectId)}datasets/${datasetId}/`;
export const datasetImageKey = (projectId: string, datasetId: string, imageId: string) =>
  `${datasetPrefix(projectId, datasetId)}${imageId}.png`;

/** A gray PNG of the size of its image. Another mask of the image is another object. */
export const datasetMaskKey = (projectId: string, datasetId: string, maskId: string) =>
  `${datasetPrefix(projectId, datasetId)}masks/${maskId}.png`;

/** A file that a caller has sent and no dataset has taken yet. */
export const pendingUploadKey = (projectId: string, uploadId: string) => `${projectPrefix(projectId)}uploads/${uploadId}`;

/** Widths in which thumbnails are made. */
export const THUMBNAIL_WIDTHS = [128, 256, 512, 1024] as const;
export type ThumbnailWidth = (typeof THUMBNAIL_WIDTHS)[number];
const USUAL_WIDTH = 256;
/** Key of a thumbnail, beside the image whose key is given. A thumbnail is made on request; it can be removed at any time. */
export function thumbnailKey(imageKey: string, width: ThumbnailWidth): string {
  const slash = imageKey.lastIndexOf('/');
  const name = imageKey.slice(slash + 1).replace(/\.\w+$/, '');
  return `${imageKey.slice(0, slash)}/thumbnails/${name}${width === USUAL_WIDTH ? '' : `-${width}`}.webp`;
}
export const datasetThumbnailKey = (projectId: string, datasetId: string, imageId: string) =>
  thumbnailKey(datasetImageKey(projectId, datasetId, imageId), USUAL_WIDTH);
export const thumbnailKeys = (imageKey: string): string[] => THUMBNAIL_WIDTHS.map((width) => thumbnailKey(imageKey, width));

/** The id of the installation that the store belongs to. */
export const installationKey = 'installation.json';

export const projectsPrefix = 'projects/';

/** Base models for all machines: manifests by name, files by their SHA-256. */
export const publishedModelsPrefix = 'base-models/';
export const publishedModelKey = (name: string) => `${publishedModelsPrefix}manifests/${name}.json`;
export const publishedFileKey = (sha256: string) => `${publishedModelsPrefix}files/${sha256}`;

/** What a sweep has removed, by the day (`2026-01-31`) on which it did, until it is deleted. */
export const trashPrefix = 'trash/';
export const trashKey = (day: string, key: string) => `${trashPrefix}${day}/${key}`;

export const trainingJobPrefix = (projectId: string, jobId: string) => `${projectPrefix(projectId)}training-jobs/${jobId}/`;
export const checkpointsPrefix = (projectId: string, jobId: string) => `${trainingJobPrefix(projectId, jobId)}checkpoints/`;

/** Each attempt at a job writes to its own place, so that one given up for dead cannot spoil a complete checkpoint. */
export const checkpointPrefix = (projectId: string, jobId: string, step: number, attempt: number) =>
  `${checkpointsPrefix(projectId, jobId)}${padded(step)}-${attempt}/`;

/** Written last: a checkpoint without its manifest is not there. */
export const manifestName = 'manifest.json';

/** Images of a validation are the same whatever attempt made them. */
export const validationImageKey = (projectId: string, jobId: string, step: number, index: number) =>
  `${trainingJobPrefix(projectId, jobId)}validation/${padded(step)}/${padded(index)}.png`;

/** Images that a base model made of one prompt, shared by all jobs of the project; `digest` is that of everything they depend on. */
export const classImagesPrefix = (projectId: string, digest: string) => `${projectPrefix(projectId)}class-images/${digest}/`;

export const generationPrefix = (projectId: string, generationId: string) => `${projectPrefix(projectId)}generations/${generationId}/`;
export const generationImageKey = (projectId: string, generationId: string, index: number, extension = 'png') =>
  `${generationPrefix(projectId, generationId)}${padded(index)}.${extension}`;
/** The image that a generation begins from, as it was when it was asked for. */
export const generationInputKey = (projectId: string, generationId: string) => `${generationPrefix(projectId, generationId)}input`;

/** What a model of the registry has of its own. */
export const modelPrefix = (projectId: string, modelId: string) => `${projectPrefix(projectId)}models/${modelId}/`;
export const modelCoverKey = (projectId: string, modelId: string, sha256: string) =>
  `${modelPrefix(projectId, modelId)}cover-${sha256.slice(0, 16)}.png`;

/** The file of an uploaded adapter, a version of the model. */
export const uploadedAdapterKey = (projectId: string, modelId: string, versionId: string, fileName: string) =>
  `${modelPrefix(projectId, modelId)}versions/${versionId}/${fileName}`;

/** Files that were made of a checkpoint when somebody asked for them. */
export const exportsPrefix = (projectId: string, jobId: string, checkpointId: string) =>
  `${trainingJobPrefix(projectId, jobId)}exports/${checkpointId}/`;
/** Each try writes to its own place. */
export const exportKey = (prefix: string, exportId: string, attempt: number, fileName: string) =>
  `${prefix}${exportId}-${attempt}/${fileName}`;

export const evaluationPrefix = (projectId: string, evaluationId: string) => `${projectPrefix(projectId)}evaluations/${evaluationId}/`;
/** `model`: its place among the models that are compared. */
const evaluationImagesPrefix = (projectId: string, evaluationId: string, model: number) =>
  `${evaluationPrefix(projectId, evaluationId)}${model}/`;
export const evaluationImageKey = (projectId: string, evaluationId: string, model: number, index: number) =>
  `${evaluationImagesPrefix(projectId, evaluationId, model)}${padded(index)}.png`;
export const evaluationReportKey = (projectId: string, evaluationId: string) => `${evaluationPrefix(projectId, evaluationId)}report.json`;
