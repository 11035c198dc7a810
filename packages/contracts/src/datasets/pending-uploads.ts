// Uploads that are sent directly to the object store: the link to send a file to, and the id that names the file in a dataset afterwards.
import { z } from 'zod';
import { uploadId } from '../common/ids.ts';
import { timestamp } from '../common/pages.ts';

/** Path at which this service accepts files for the object store, outside /v1. */
export const UPLOADS_PATH = '/uploads';

export const createUploadRequest = z
  .strictObject({ file_name: z.string().trim().min(1).max(255).describe('Name of the file, which the dataset will show') })
  .meta({ id: 'CreateUploadRequest', examples: [{ file_name: 'lighthouse.png' }] });

export const pendingUpload = z
  .object({
    id: uploadId.describe('Id of the file for `POST /v1/datasets/{id}/import`'),
    method: z.literal('PUT'),
    url: z
      .string()
      .describe('Send the bytes of the file here, without an API key: a URL of the object store (S3), or a path of this service'),
    max_bytes: z.int().describe('Maximum size of the file, in bytes'),
    expires_at: timestamp.describe('Until this time, the file can be sent and imported'),
  })
  .meta({ id: 'Upload', description: 'A link to send a file to' });
export type PendingUploadBody = z.infer<typeof pendingUpload>;
