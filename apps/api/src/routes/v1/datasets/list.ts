// GET /v1/datasets
import { datasetPage, datasetQuery } from '@styleforge/contracts';
import type { ApiDependencies } from '../../../dependencies.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentDataset } from '../../../presenters/datasets.ts';
import { presentPage } from '../../../presenters/pages.ts';

export function listDatasetsRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    operationId: 'listDatasets',
    tags: ['datasets'],
    summary: 'List datasets, newest first',
    security,
    querystring: datasetQuery,
    response: { 200: datasetPage, ...problemResponses('validation_failed') },
  };
  app.get('/datasets', { schema }, async (request) => {
    const { kind, name, ...asked } = request.query;
    const page = await database.datasets.list(request.caller.projectId, asked, { kind, name });
    return presentPage(page, presentDataset);
  });
}
