// POST /v1/datasets/{id}/images
import { datasetId, uploadResponse } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { ApiError, notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { keyReused } from '../../../plugins/idempotency.ts';
import { security } from '../../../http/security.ts';
import { countFiles } from '../../../services/datasets/caption-files.ts';
import { takeUpload } from '../../../services/datasets/image-upload.ts';
import { OpenSlots } from '../../../http/open-slots.ts';
import { UploadBody } from '../../../services/files/upload-body.ts';

const DESCRIPTION = `\`multipart/form-data\` with 1 to 1000 files (PNG, JPEG or WebP, at most 25 MB and 40 megapixels each), or with one zip archive of such files.
An archive may have 2000 entries and 512 MB, and 2 GB when unpacked. Each file in it is treated like a single file, whatever its folder.
The text fields \`component\` and \`caption\` apply to all files that follow them in the request, until the field is sent again. An empty field ends this.
Caption files may be uploaded with the images or in an archive: \`NAME.txt\` or \`NAME.caption\` for the image \`NAME.png\`, or \`metadata.jsonl\` with \`file_name\` and \`text\`
on each line. They also apply to images that were uploaded before, and override the field \`caption\`.
The service decodes each image, turns it upright, removes its metadata and stores it as PNG. The response says for each file whether it was kept, and if not, why.`;

/** Default number of uploads at a time in one process. */
const UPLOADS = { perKey: 4, total: 16 };

/** The body is read part by part, so this schema only documents it. */
const multipartForm = z.unknown().meta({
  type: 'object',
  properties: {
    component: { type: 'string', examples: ['person'] },
    caption: { type: 'string', examples: ['a woman with red hair'] },
    images: { type: 'array', minItems: 1, items: { type: 'string', contentMediaType: 'application/octet-stream', format: 'binary' } },
  },
  required: ['images'],
  additionalProperties: false,
});

export function uploadImagesRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    operationId: 'uploadImages',
    tags: ['datasets'],
    summary: 'Upload images',
    description: DESCRIPTION,
    security,
    consumes: ['multipart/form-data'],
    params: z.object({ id: datasetId }),
    body: multipartForm,
    response: {
      200: uploadResponse,
      ...problemResponses(
        'not_found',
        'invalid_request',
        'unsupported_media_type',
        'validation_failed',
        'payload_too_large',
        'request_timeout',
        'too_many_uploads',
        'storage_full',
        'idempotency_in_progress',
        'idempotency_key_reused',
      ),
    },
  };
  const { uploadsPerKey: perKey = UPLOADS.perKey, uploadsAtOnce: total = UPLOADS.total } = dependencies;
  const open = new OpenSlots({ perKey, total, code: 'too_many_uploads', things: 'uploads', retrySeconds: 5 });
  app.post('/datasets/:id/images', { schema, config: { idempotent: 'upload', streamsBody: true } }, async (request, reply) => {
    const { id } = request.params;
    open.add(request.caller.keyId, reply);
    if (!request.isMultipart()) throw new ApiError('unsupported_media_type', 'Send the images as multipart/form-data.');
    const dataset = await dependencies.database.datasets.find(request.caller.projectId, id);
    if (dataset === null) throw notFound('dataset', id);
    const { storedAnswer } = request;
    if (storedAnswer !== undefined) {
      if ((await new UploadBody(request, dependencies.uploadPace).skim()) !== storedAnswer.fingerprint) throw keyReused();
      return storedAnswer.replay();
    }
    const { files, fingerprint } = await takeUpload(dependencies, dataset, request).catch((error: unknown) => {
      // Many clients read no response before they have sent everything.
      request.raw.unpipe();
      request.raw.resume();
      throw error;
    });
    request.uploadFingerprint = fingerprint;
    return reply.send(countFiles(files));
  });
}
