// Links by which people without an API key read a report.
import { z } from 'zod';
import { evaluationId, exampleId, ID_PREFIXES, reportShareId, trainingJobId } from '../common/ids.ts';
import { pageOf, pageQuery, timestamp } from '../common/pages.ts';

/** Where the page of a shared report is, outside of /v1. */
export const SHARED_REPORTS_PATH = '/shared/reports';

const MOST_DAYS = 3650;

/** A report has the id of its evaluation; the id of a training job stands for its evaluation stage. */
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
