// GET /v1/images
import { imageQuery, listedImagePage } from '@styleforge/contracts';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { listImagesOfKind } from '../../../services/generations/listed-images.ts';

export function listImagesRoute(app: ApiServer, dependencies: ApiDependencies): void {
  const schema = {
    operationId: 'listImages',
    tags: ['images'],
    summary: 'List the images of the whole project, newest first',
    description: 'Images of all generations; with `kind`, the sample images of all training jobs, or the images of all evaluations.',
    security,
    querystring: imageQuery,
    response: { 200: listedImagePage, ...problemResponses('validation_failed') },
  };
  app.get('/images', { schema }, ({ caller, query }) => listImagesOfKind(dependencies, caller.projectId, query));
}
