// Datasets and their uploaded images.
import { z } from 'zod';
import { requiredText } from '../common/text.ts';
import { datasetId, exampleId, imageId, uploadId } from '../common/ids.ts';
import { missingObject, pageOf, pageQuery, timestamp } from '../common/pages.ts';
import { THUMBNAIL } from './thumbnails.ts';

const DATASET_KINDS = ['style_ref', 'aux'] as const;
export type DatasetKind = (typeof DATASET_KINDS)[number];

export const UPLOAD_LIMITS = {
  fileBytes: 25 * 1024 * 1024,
  pixels: 40_000_000,
  /** Maximum side in pixels: a decoder keeps whole rows in memory, so a long side is expensive even if the image is small. */
  side: 16_384,
  smallestSide: 16,
  /** Maximum seconds for decoding the images of one request. */
  decodeSeconds: 900,
  imagesPerDataset: 1000,
  /** Maximum number of parts of a multipart body: files, and the labels between them. */
  parts: 5000,
  zipBytes: 512 * 1024 * 1024,
  zipEntries: 2000,
  zipUnpackedBytes: 2 * 1024 ** 3,
  /** Maximum size of a caption file, or a file that lists captions. */
  captionFileBytes: 1024 * 1024,
  urlsPerImport: 100,
  urlSeconds: 30,
} as const;

export const componentName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'must be 1 to 63 lower-case letters, digits, hyphens or underscores');

export const caption = requiredText(1000);

export const createDatasetRequest = z
  .strictObject({
    name: requiredText(200),
    kind: z.enum(DATASET_KINDS).describe('`style_ref`: images of the style to learn; `aux`: auxiliary images for dual binding'),
  })
  .meta({ id: 'CreateDatasetRequest', examples: [{ name: 'blueprints', kind: 'style_ref' }] });
export type CreateDatasetRequest = z.infer<typeof createDatasetRequest>;

export const datasetImage = z
  .object({
    id: imageId,
    dataset_id: datasetId,
    file_name: z.string(),
    component: z.string().nullable(),
    caption: z.string().nullable(),
    excluded: z.boolean().describe('The image stays in the dataset, but jobs do not train on it'),
    has_mask: z
      .boolean()
      .describe(
        'Whether the image has a mask (its alpha channel or a mask file), which says what part of it jobs with `masked_loss` learn',
      ),
    width: z.int(),
    height: z.int(),
    size_bytes: z.int(),
    sha256: z.string(),
    url: z.string(),
    missing: missingObject,
    thumbnail_url: z.string().describe(THUMBNAIL),
    created_at: timestamp,
  })
  .meta({ id: 'DatasetImage' });
export type DatasetImageBody = z.infer<typeof datasetImage>;

export const dataset = z
  .object({
    id: datasetId,
    name: z.string(),
    kind: z.enum(DATASET_KINDS),
    image_count: z.int(),
    size_bytes: z.int(),
    components: z.array(z.object({ name: z.string().nullable(), image_count: z.int() })),
    created_at: timestamp,
  })
  .meta({ id: 'Dataset' });
export type DatasetBody = z.infer<typeof dataset>;

export const datasetDetail = dataset
  .extend({ images: z.array(datasetImage) })
  .meta({ id: 'DatasetDetail', description: 'A dataset with its images' });

export const datasetPage = pageOf(dataset, 'DatasetPage');
export const datasetImagePage = pageOf(datasetImage, 'DatasetImagePage');

export const datasetQuery = pageQuery(datasetId).extend({
  kind: z.enum(DATASET_KINDS).optional(),
  name: z.string().min(1).max(200).optional().describe('Part of the name; upper and lower case are equal'),
});

export const updateDatasetRequest = z
  .strictObject({ name: requiredText(200) })
  .meta({ id: 'UpdateDatasetRequest', examples: [{ name: 'blueprints, cleaned' }] });

export const setCaptionsRequest = z
  .strictObject({
    captions: z
      .array(z.strictObject({ image_id: imageId, caption: caption.nullable().describe('null removes the caption') }))
      .min(1)
      .max(UPLOAD_LIMITS.imagesPerDataset)
      .refine((list) => new Set(list.map(({ image_id }) => image_id)).size === list.length, 'must name each image once'),
  })
  .meta({ id: 'SetCaptionsRequest', examples: [{ captions: [{ image_id: exampleId('image'), caption: 'a lighthouse at night' }] }] });
export type SetCaptionsRequest = z.infer<typeof setCaptionsRequest>;

export const updateImageRequest = z
  .strictObject({
    caption: caption.nullable().optional().describe('Caption or component of an uploaded image; null removes it'),
    component: componentName.nullable().optional().describe('Caption or component of an uploaded image; null removes it'),
    excluded: z.boolean().optional().describe('Whether jobs skip this uploaded image'),
    starred: z.boolean().optional().describe('Whether this generated image is starred'),
  })
  .refine((body) => Object.keys(body).length > 0, 'must name at least one field')
  .meta({ minProperties: 1, id: 'UpdateImageRequest', examples: [{ caption: 'a lighthouse at night', excluded: false }] });

const REFUSAL_CODES = [
  'unsupported_format',
  'not_an_image',
  'not_what_it_says',
  'too_many_bytes',
  'too_many_pixels',
  'unsuitable_size',
  'too_costly',
  'animated',
  'duplicate',
  'duplicate_name',
  'dataset_full',
  'odd_path',
  'unreadable_archive',
  'archive_too_large',
  'invalid_caption',
  'no_image_for_caption',
  'unusable_mask',
  'not_reachable',
] as const;
export type RefusalCode = (typeof REFUSAL_CODES)[number];

const uploadedFile = z
  .discriminatedUnion('status', [
    z.object({ file_name: z.string(), status: z.literal('kept'), image: datasetImage }),
    z.object({
      file_name: z.string(),
      status: z.literal('caption'),
      image_ids: z.array(imageId).describe('The images that got their captions from this file'),
    }),
    z.object({
      file_name: z.string(),
      status: z.literal('mask'),
      image_id: imageId.describe('The image that got its mask from this file'),
    }),
    z.object({ file_name: z.string(), status: z.literal('refused'), code: z.enum(REFUSAL_CODES), detail: z.string() }),
  ])
  .meta({ id: 'UploadedFile' });
export type UploadedFile = z.infer<typeof uploadedFile>;

export const uploadResponse = z
  .object({
    kept: z.int().describe('Number of images that were kept'),
    captions: z.int().describe('Number of caption files that were read'),
    masks: z.int().describe('Number of mask files that were read'),
    refused: z.int(),
    files: z.array(uploadedFile),
  })
  .meta({ id: 'UploadResponse', description: 'For each file, whether it was kept, and if not, why' });
export type UploadResponse = z.infer<typeof uploadResponse>;

const importedImage = z
  .strictObject({
    upload_id: uploadId.optional().describe('Id of a file that was sent to a link of `POST /v1/uploads`'),
    url: z
      .url({ protocol: /^https?$/ })
      .max(2048)
      .optional()
      .describe('An http or https URL of a PNG, JPEG or WebP; private addresses are refused'),
    file_name: z
      .string()
      .trim()
      .min(1)
      .max(255)
      .optional()
      .describe('Default: the last part of the path of the URL, or the name of the upload'),
    component: componentName.optional(),
    caption: caption.optional(),
  })
  .refine(({ url, upload_id }) => (url === undefined) !== (upload_id === undefined), 'must have either url or upload_id');

export const importImagesRequest = z.strictObject({ images: z.array(importedImage).min(1).max(UPLOAD_LIMITS.urlsPerImport) }).meta({
  id: 'ImportImagesRequest',
  examples: [{ images: [{ url: 'https://example.com/lighthouse.png', caption: 'a lighthouse at night' }] }],
});
export type ImportImagesRequest = z.infer<typeof importImagesRequest>;
