// Ids: a prefix that names the kind of object, and a UUIDv7, so that ids sort by age.
import { z } from 'zod';

export const ID_PREFIXES = {
  project: 'proj',
  apiKey: 'key',
  session: 'sess',
  dataset: 'ds',
  image: 'img',
  trainingJob: 'job',
  checkpoint: 'ckpt',
  generation: 'gen',
  study: 'study',
  promptSet: 'pset',
  evaluation: 'eval',
  webhook: 'whk',
  webhookDelivery: 'whd',
  worker: 'wrk',
  model: 'model',
  modelVersion: 'mver',
  export: 'exp',
  reportShare: 'shr',
  upload: 'upl',
} as const;

export type IdKind = keyof typeof ID_PREFIXES;

const UUID_V7 = '[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';
const EXAMPLE_UUID = '01932d5c-7a40-7c3e-9d1b-2f6a8e4b1c70';

export const apiKeyId = idSchema('apiKey');
export const datasetId = idSchema('dataset');
export const imageId = idSchema('image');
export const trainingJobId = idSchema('trainingJob');
export const checkpointId = idSchema('checkpoint');
export const generationId = idSchema('generation');
export const webhookId = idSchema('webhook');
export const webhookDeliveryId = idSchema('webhookDelivery');
export const studyId = idSchema('study');
export const promptSetId = idSchema('promptSet');
export const evaluationId = idSchema('evaluation');
export const workerId = idSchema('worker');
export const modelId = idSchema('model');
export const exportId = idSchema('export');
export const reportShareId = idSchema('reportShare');
export const uploadId = idSchema('upload');

/** An id for examples in the OpenAPI document. */
export function exampleId(kind: IdKind): string {
  return `${ID_PREFIXES[kind]}_${EXAMPLE_UUID}`;
}

/** One to `most` ids, separated by commas. */
export function idList(kind: IdKind, most: number): RegExp {
  const id = `${ID_PREFIXES[kind]}_${UUID_V7}`;
  return new RegExp(`^ *${id}(?: *, *${id}){0,${most - 1}} *$`);
}

function idSchema(kind: IdKind) {
  const prefix = ID_PREFIXES[kind];
  const pattern = new RegExp(`^${prefix}_${UUID_V7}$`);
  return z
    .string()
    .regex(pattern, `must be an id that begins with ${prefix}_`)
    .meta({ examples: [exampleId(kind)] });
}
