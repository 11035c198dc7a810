// GET /v1/images
import { imageQuery, listedImagePage } from '@styleforge/contracts';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentListedImage } from '../../../presenters/generations.ts';
import { presentPage } from '../../../presenters/pages.ts';

export function listImagesRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'listImages',
    tags: ['images'],
    summary: 'List generated images of all generations, newest first',
    security,
    querystring: imageQuery,
    response: { 200: listedImagePage, ...problemResponses('validation_failed') },
  };
  app.get('/images', { schema }, async (request) => {
    const { model, training_job: trainingJobId, starred, ...page } = request.query;
    const images = await database.generations.listImages(request.caller.projectId, { model, trainingJobId, starred }, page);
    return presentPage(images, presentListedImage);
  });
}
