// Sends a report: as JSON, or as a page to callers that prefer HTML.
import { report as reportSchema } from '@styleforge/contracts';
import type { Report } from '@styleforge/contracts';
import type { EvaluationRow } from '@styleforge/database';
import { renderReport } from '@styleforge/reports';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiDependencies } from '../dependencies.ts';
import { readReport } from '../services/evaluations/evaluation-service.ts';
import { inlinePictures } from '../services/evaluations/report-pictures.ts';
import { preferredFormat } from './preferred-format.ts';

/** Allows only the page's inline content; the page may be shown alone or in a frame of the dashboard. */
const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'";

export const reportResponse = {
  description: 'The report',
  content: {
    'application/json': { schema: reportSchema },
    'text/html': { schema: z.string().describe('One page that contains all its images') },
  },
};

export async function sendReport(
  dependencies: ApiDependencies,
  evaluation: EvaluationRow,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const report = await readReport(dependencies, evaluation);
  reply.header('vary', [reply.getHeader('vary'), 'accept'].filter(Boolean).join(', ')).header('cache-control', 'private, no-cache');
  if (preferredFormat(request, ['application/json', 'text/html']) !== 'text/html')
    return reply.type('application/json; charset=utf-8').send(report);
  return sendPage(dependencies, evaluation, report, reply);
}

/** Sends the page of a shared report, for callers with a link. */
export async function sendReportPage(dependencies: ApiDependencies, evaluation: EvaluationRow, reply: FastifyReply): Promise<FastifyReply> {
  return sendPage(dependencies, evaluation, await readReport(dependencies, evaluation), reply);
}

async function sendPage(
  dependencies: ApiDependencies,
  evaluation: EvaluationRow,
  report: Report,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const page = renderReport(report, await inlinePictures(dependencies, evaluation.projectId, report));
  return reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', PAGE_POLICY)
    .header('x-content-type-options', 'nosniff')
    .send(Buffer.from(page));
}
