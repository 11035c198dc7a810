// Rows of a project's events as response bodies.
import type { ProjectEventBody } from '@styleforge/contracts';
import type { ProjectEventRow } from '@styleforge/database';

export function presentProjectEvent(row: ProjectEventRow): ProjectEventBody {
  return {
    id: String(row.id),
    type: row.type,
    subject_id: row.subjectId,
    data: row.data as ProjectEventBody['data'],
    created_at: row.createdAt.toISOString(),
  };
}
