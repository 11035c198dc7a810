// Public surface of the object store.
import type { ObjectStoreConfig } from '@styleforge/config';
import { FileObjectStore } from './file-object-store.ts';
import type { ObjectStore } from './object-store.ts';
import { S3ObjectStore } from './s3-object-store.ts';

export { FileObjectStore } from './file-object-store.ts';
export { downloadObject } from './hashing.ts';
export {
  checkpointPrefix, checkpointsPrefix, classImagesPrefix, datasetImageKey, datasetPrefix, datasetThumbnailKey, evaluationImageKey, evaluationReportKey,
  generationImageKey, manifestName, validationImageKey,
} from './keys.ts';
export {
  type ByteRange, checkObjectStore, DamagedObjectError, InvalidKeyError, InvalidRangeError, type ListedObject, type ObjectBody, ObjectNotFoundError, type ObjectStore,
  ObjectStoreUnavailableError,
} from './object-store.ts';
export { createObjectStoreProbe } from './object-store-probe.ts';
export { observeObjectStore, type StoreObserver } from './observed-object-store.ts';
export { S3ObjectStore } from './s3-object-store.ts';

export function createObjectStore(config: ObjectStoreConfig): ObjectStore {
  return config.kind === 'files' ? new FileObjectStore(config.directory) : new S3ObjectStore(config);
}
