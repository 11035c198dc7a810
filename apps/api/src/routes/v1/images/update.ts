// PATCH /v1/images/{id}
import { datasetImage, generatedImage, imageId, updateImageRequest } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { ApiError, notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentImage } from '../../../presenters/datasets.ts';
import { presentGeneratedImage } from '../../../presenters/generations.ts';

export function updateImageRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'updateImage',
    tags: ['images'],
    summary: 'Change an image',
    description:
      'Changes the caption, component or exclusion of an uploaded image, or the star of a generated image. Omitted fields are not changed.',
    security,
    params: z.object({ id: imageId }),
    body: updateImageRequest,
    response: {
      200: z.union([datasetImage, generatedImage]).describe('The image as it is now'),
      ...problemResponses('not_found', 'validation_failed'),
    },
  };
  app.patch('/images/:id', { schema }, async (request) => {
    const { id } = request.params;
    const { projectId } = request.caller;
    const { starred, ...labels } = request.body;
    const generated = await database.generations.findImage(projectId, id);
    if (generated !== null) {
      refuse(Object.keys(labels), 'can only be set for an uploaded image');
      const row = await database.generations.starImage(projectId, id, starred ?? false);
      if (row !== null) return presentGeneratedImage(row, row.config);
    } else if ((await database.images.find(projectId, id)) !== null) {
      refuse(starred === undefined ? [] : ['starred'], 'can only be set for a generated image');
      const row = await database.images.update(projectId, id, labels);
      if (row !== null) return presentImage(row);
    }
    throw notFound('image', id);
  });
}

function refuse(fields: string[], detail: string): void {
  const errors = fields.map((field) => ({ pointer: `/${field}`, detail }));
  if (errors[0]) throw new ApiError('validation_failed', `${errors[0].pointer}: ${detail}`, errors);
}
