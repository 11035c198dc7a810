// Public surface of the object store.
import type { ObjectStoreConfig } from '@styleforge/config';
import { FileObjectStore } from './file-object-store.ts';
import type { ObjectStore } from './object-store.ts';

export { FileObjectStore } from './file-object-store.ts';
export { downloadObject } from './hashing.ts';
export {
  checkpointPrefix,
  checkpointsPrefix,
  classImagesPrefix,
  datasetImageKey,
  datasetMaskKey,
  datasetPrefix,
  datasetThumbnailKey,
  evaluationImageKey,
  evaluationReportKey,
  generationImageKey,
  generationInputKey,
  evaluationPrefix,
  generationPrefix,
  installationKey,
  manifestName,
  projectsPrefix,
  pendingUploadKey,
  THUMBNAIL_WIDTHS,
  thumbnailKey,
  thumbnailKeys,
  type ThumbnailWidth,
  trainingJobPrefix,
  trashKey,
  trashPrefix,
  validationImageKey,
  modelCoverKey,
  uploadedAdapterKey,
  modelPrefix,
  exportKey,
  exportsPrefix,
} from './keys.ts';
export {
  type ByteRange,
  checkObjectStore,
  contentTypeOf,
  DamagedObjectError,
  InvalidKeyError,
  InvalidRangeError,
  isStorageFull,
  type ListedObject,
  type ObjectBody,
  ObjectNotFoundError,
  type ObjectStore,
  ObjectStoreUnavailableError,
} from './object-store.ts';
export { ownObjectStore } from './own-object-store.ts';
export { createObjectStoreProbe } from './object-store-probe.ts';
export { observeObjectStore, type StoreObserver } from './observed-object-store.ts';
export {
  fetchPublishedModel,
  findPublishedModel,
  listPublishedModels,
  publishBaseModel,
  type PublishedFile,
  type PublishedModel,
  type WeightsWanted,
  withdrawBaseModel,
} from './published-base-models.ts';
export { isStoreAway } from './store-away.ts';
export { assertIdentified, identifyStore, type Installation, StoreIdentityError, verifyStore } from './store-identity.ts';

/** Creates the bucket of an S3 store unless it exists; returns whether it was created. Other stores need no preparation. */
export async function prepareObjectStore(config: ObjectStoreConfig): Promise<boolean> {
  if (config.kind === 'files') return false;
  const { createBucketIfAbsent } = await import('./create-bucket.ts');
  return createBucketIfAbsent(config);
}

/** Opens the store. The AWS SDK is only loaded for a store on S3. */
export async function createObjectStore(config: ObjectStoreConfig): Promise<ObjectStore> {
  if (config.kind === 'files') return new FileObjectStore(config.directory);
  const { S3ObjectStore } = await import('./s3-object-store.ts');
  return new S3ObjectStore(config);
}
