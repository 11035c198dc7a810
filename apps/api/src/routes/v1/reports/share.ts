// POST, GET and DELETE /v1/reports/{id}/share, and DELETE of one link
import {
  createReportShareRequest,
  reportId,
  reportShareId,
  reportSharePage,
  reportShareQuery,
  reportShareWithUrl,
} from '@styleforge/contracts';
import { newId } from '@styleforge/database';
import { z } from 'zod';
import type { ApiDependencies } from '../../../dependencies.ts';
import { notFound } from '../../../errors/api-error.ts';
import type { ApiServer } from '../../../http/api-server.ts';
import { problemResponses } from '../../../http/problem-responses.ts';
import { security } from '../../../http/security.ts';
import { presentPage } from '../../../presenters/pages.ts';
import { presentReportShare, sharedReportUrl } from '../../../presenters/report-shares.ts';
import { findSharedEvaluation } from '../../../services/reports/report-shares.ts';

const params = z.object({ id: reportId });
const common = { tags: ['reports'], security };

export function shareReportRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    ...common,
    operationId: 'shareReport',
    summary: 'Create a link to a report',
    description:
      'Anybody who has the link can read the report as a page, without an API key, until the link expires or is revoked. ' +
      'The link shows this report and nothing else of the project.',
    params,
    body: createReportShareRequest,
    response: { 201: reportShareWithUrl, ...problemResponses('not_found', 'status_conflict') },
  };
  app.post('/reports/:id/share', { schema, config: { idempotent: 'secret' } }, async (request, reply) => {
    const { projectId } = request.caller;
    const { id: evaluationId } = await findSharedEvaluation(database, projectId, request.params.id, 'succeeded');
    const id = request.reservedUuid && newId('reportShare', request.reservedUuid);
    const { token, row } = await database.reportShares.create({ id, projectId, evaluationId, days: request.body.expires_in_days });
    return reply
      .code(201)
      .header('cache-control', 'no-store')
      .send({ ...presentReportShare(row), url: sharedReportUrl(token) });
  });
}

export function listReportSharesRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    ...common,
    operationId: 'listReportShares',
    summary: 'List the valid links to a report, newest first',
    params,
    querystring: reportShareQuery,
    response: { 200: reportSharePage, ...problemResponses('not_found') },
  };
  app.get('/reports/:id/share', { schema }, async (request) => {
    const { id } = await findSharedEvaluation(database, request.caller.projectId, request.params.id);
    return presentPage(await database.reportShares.list(id, request.query), presentReportShare);
  });
}

export function unshareReportRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    ...common,
    operationId: 'unshareReport',
    summary: 'Revoke every link to a report',
    params,
    response: { 204: z.undefined().describe('No link to the report works any more'), ...problemResponses('not_found') },
  };
  app.delete('/reports/:id/share', { schema }, async (request, reply) => {
    const { id } = await findSharedEvaluation(database, request.caller.projectId, request.params.id);
    await database.reportShares.revoke(id);
    return reply.code(204).send();
  });
}

export function revokeReportShareRoute(app: ApiServer, { database }: ApiDependencies): void {
  const schema = {
    ...common,
    operationId: 'revokeReportShare',
    summary: 'Revoke a link to a report',
    params: params.extend({ share_id: reportShareId }),
    response: { 204: z.undefined().describe('The link no longer works'), ...problemResponses('not_found') },
  };
  app.delete('/reports/:id/share/:share_id', { schema }, async (request, reply) => {
    const { id } = await findSharedEvaluation(database, request.caller.projectId, request.params.id);
    if ((await database.reportShares.revoke(id, request.params.share_id)) === 0) throw notFound('link', request.params.share_id);
    return reply.code(204).send();
  });
}
