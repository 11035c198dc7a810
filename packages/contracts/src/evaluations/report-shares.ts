// Links with which people without an API key can read a report.
import { z } from 'zod';
import { evaluationId, exampleId, ID_PREFIXES, reportShareId, trainingJobId } from '../common/ids.ts';
import { pageOf, pageQuery, timestamp } from '../common/pages.ts';

/** Path of the page of a shared report, outside /v1. */
export const SHARED_REPORTS_PATH = '/shared/reports';

const MOST_DAYS = 3650;

/** Id of a report: that of its evaluation, or of a training job for its evaluation stage. */
export const reportId = z
  .union([evaluationId, trainingJobId], `must be an id that begins with ${ID_PREFIXES.evaluation}_ or ${ID_PREFIXES.trainingJob}_`)
  .meta({ examples: [exampleId('evaluation')] })
  .describe('An evaluation, or a training job that was created with `evaluation`');

export const createReportShareRequest = z
  .strictObject({
    expires_in_days: z.int().min(1).max(MOST_DAYS).nullable().default(30).describe('null: the link works until it is revoked'),
  })
  .meta({ id: 'CreateReportShareRequest', examples: [{ expires_in_days: 7 }] });

export const reportShare = z
  .object({
    id: reportShareId,
    evaluation_id: evaluationId,
    hint: z.string().describe('First characters of the token in the link'),
    created_at: timestamp,
    expires_at: timestamp.nullable(),
  })
  .meta({ id: 'ReportShare' });
export type ReportShareBody = z.infer<typeof reportShare>;

export const reportShareWithUrl = reportShare
  .extend({
    url: z.string().describe('Path of the page, which needs no API key. Shown only once. Anybody who has it can read the report'),
  })
  .meta({ id: 'ReportShareWithUrl', description: 'A link to a report' });

export const reportSharePage = pageOf(reportShare, 'ReportSharePage');
export const reportShareQuery = pageQuery(reportShareId);
