// PUT /v1/datasets/{id}/captions
import { datasetId, setCaptionsRequest } from '@styleforge/contracts';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { ApiError, notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';

export function setCaptionsRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'setDatasetCaptions',
    tags: ['datasets'],
    summary: 'Set the captions of many images at once',
    description: 'Sets all given captions or none. Images that are not named keep their captions.',
    security,
    params: z.object({ id: datasetId }),
    body: setCaptionsRequest,
    response: { 204: z.undefined().describe('Set'), ...problemResponses('not_found', 'validation_failed') },
  };
  app.put('/datasets/:id/captions', { schema }, async (request, reply) => {
    const { id } = request.params;
    const { projectId } = request.caller;
    if ((await database.datasets.find(projectId, id)) === null) throw notFound('dataset', id);
    const { captions } = request.body;
    const unknown = await database.images.setCaptions(projectId, id, new Map(captions.map(({ image_id, caption }) => [image_id, caption])));
    const errors = captions.flatMap(({ image_id }, index) =>
      unknown.includes(image_id) ? [{ pointer: `/captions/${index}/image_id`, detail: `the dataset has no image ${image_id}` }] : [],
    );
    if (errors[0]) throw new ApiError('validation_failed', `${errors[0].pointer}: ${errors[0].detail}`, errors);
    return reply.code(204).send();
  });
}
