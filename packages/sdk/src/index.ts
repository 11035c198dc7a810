// @styleforge/sdk: the client, its errors, and the types of all inputs and outputs.
export { StyleForge, StyleForge as default } from './client.ts';
export * from './errors.ts';
export type { EventStreamOptions } from './event-stream.ts';
export type { FileContent, LabelledFile, Uploadable } from './files.ts';
export { parseParameters, readImageParameters } from './image-parameters.ts';
export { type ImageSize, imageSize } from './image-size.ts';
export { type InspectedImage, inspectImages, refuseSmallImages } from './inspect.ts';
export { type ClientOptions, DEFAULT_BASE_URL, type RequestOptions, type WaitOptions } from './options.ts';
export { Page, PagePromise } from './pages.ts';
export type { ImageParameters } from './parameters-in-image.ts';
export type { ProjectStreamOptions } from './resources/events.ts';
export type { Download, DownloadOptions, DownloadParams } from './resources/checkpoints.ts';
export type { UploadOptions } from './resources/datasets.ts';
export type { TrainingImages, TrainParams } from './train.ts';
export type * from './types.ts';
export { unwrapWebhook } from './webhook-signature.ts';
