// Links to reports as response bodies.
import { SHARED_REPORTS_PATH } from '@styleforge/contracts';
import type { ReportShareBody } from '@styleforge/contracts';
import type { ReportShareRow } from '@styleforge/database';

export const sharedReportUrl = (token: string) => `${SHARED_REPORTS_PATH}/${token}`;

export function presentReportShare(row: ReportShareRow): ReportShareBody {
  return {
    id: row.id,
    evaluation_id: row.evaluationId,
    hint: row.tokenHint,
    created_at: row.createdAt.toISOString(),
    expires_at: row.expiresAt?.toISOString() ?? null,
  };
}
