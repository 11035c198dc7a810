// POST /v1/models/upload
import { modelVersion } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { ApiError } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { OpenSlots } from '../../../http/open-slots.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { keyReused } from '../../../plugins/idempotency.ts';
import { modelVersionUrl } from '../../../presenters/links.ts';
import { presentModelVersion } from '../../../presenters/models.ts';
import { takeAdapterUpload } from '../../../services/models/adapter-upload.ts';
import { findModel } from '../../../services/models/model-registry.ts';
import { UploadBody } from '../../../services/files/upload-body.ts';

const DESCRIPTION = `\`multipart/form-data\` with the text fields first and the file last. The file becomes a version of the model, which is created if it does not exist.
The file is one of: a LoRA in the layout of diffusers, peft or kohya, including their older tensor names; a Textual Inversion embedding (safetensors, or A1111's .pt, whose code is never run);
a Custom Diffusion file; or a StyleDrop adapter of this service. It may have at most 2 GB. The service checks every tensor at once: names, shapes and ranks must fit \`base_model\`,
and all numbers must be finite. A generation then names it as \`model\`, which uses the base model that it was made for, or in \`adapters\` with a strength.`;

/** Default number of uploads at a time in one process. */
const UPLOADS = { perKey: 2, total: 4 };

/** The body is read part by part, so this schema only documents it. */
const multipartForm = z.unknown().meta({
  type: 'object',
  properties: {
    name: { type: 'string', examples: ['ink-style'], description: 'The model that gets the version. Created if it does not exist' },
    base_model: { type: 'string', examples: ['styleforge-mini'], description: 'The base model that the adapter was made for' },
    token: {
      type: 'string',
      examples: ['<brush>'],
      description:
        'The word that prompts use for it: the trigger word of a LoRA, or the token of an embedding whose file names ' +
        "none (default: the file's name)",
    },
    description: { type: 'string', description: 'Description of a new model' },
    license: { type: 'string', examples: ['CC-BY-4.0'] },
    prompt_template: { type: 'string', examples: ['ink wash, {prompt}'] },
    notes: { type: 'string', description: 'Notes about this version' },
    config: {
      type: 'string',
      contentMediaType: 'application/json',
      format: 'binary',
      description: 'adapter_config.json of a LoRA from peft, which contains its strength (lora_alpha). Must come before the file',
    },
    file: { type: 'string', contentMediaType: 'application/octet-stream', format: 'binary' },
  },
  required: ['name', 'base_model', 'file'],
  additionalProperties: false,
});

export function uploadModelRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    operationId: 'uploadModel',
    tags: ['models'],
    summary: 'Upload an adapter as a version of a model',
    description: DESCRIPTION,
    security,
    consumes: ['multipart/form-data'],
    body: multipartForm,
    response: {
      201: modelVersion,
      ...problemResponses(
        'invalid_request',
        'unsupported_media_type',
        'validation_failed',
        'unusable_base_model',
        'model_exists',
        'status_conflict',
        'request_timeout',
        'too_many_uploads',
        'storage_full',
        'idempotency_in_progress',
        'idempotency_key_reused',
      ),
    },
  };
  const open = new OpenSlots({ ...UPLOADS, code: 'too_many_uploads', things: 'uploads', retrySeconds: 5 });
  app.post('/models/upload', { schema, config: { idempotent: 'upload', streamsBody: true } }, async (request, reply) => {
    open.add(request.caller.keyId, reply);
    if (!request.isMultipart()) throw new ApiError('unsupported_media_type', 'Send the adapter as multipart/form-data.');
    const { storedAnswer } = request;
    if (storedAnswer !== undefined) {
      if ((await new UploadBody(request, dependencies.uploadPace).skim()) !== storedAnswer.fingerprint) throw keyReused();
      return storedAnswer.replay();
    }
    const { name, row, fingerprint } = await takeAdapterUpload(dependencies, request).catch((error: unknown) => {
      // Many clients read no response before they have sent everything.
      request.raw.unpipe();
      request.raw.resume();
      throw error;
    });
    request.uploadFingerprint = fingerprint;
    const model = await findModel(dependencies, request.caller.projectId, name);
    return reply.code(201).header('location', modelVersionUrl(name, row.number)).send(presentModelVersion(model, row));
  });
}
