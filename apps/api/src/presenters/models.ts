// Models of the registry and their versions as response bodies.
import type { ModelBody, ModelVersionBody } from '@styleforge/contracts';
import type { ModelRow, ModelVersionRow } from '@styleforge/database';
import { aliasesOf } from '../services/models/model-registry.ts';
import { modelCoverUrl } from './links.ts';

export function presentModel(row: ModelRow): ModelBody {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    license: row.license,
    prompt_template: row.promptTemplate,
    cover_url: row.coverKey === null ? null : modelCoverUrl(row.name, row.coverSha256 ?? ''),
    versions: row.versionCount,
    aliases: row.aliases,
    latest: row.latest && presentModelVersion(row, row.latest),
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
  };
}

export function presentModelVersion(model: ModelRow, row: ModelVersionRow): ModelVersionBody {
  return {
    model: model.name,
    version: row.number,
    reference: `${model.name}@${row.number}`,
    aliases: aliasesOf(model, row.number),
    notes: row.notes,
    checkpoint_id: row.checkpointId,
    size_bytes: row.sizeBytes,
    provenance: row.provenance,
    created_at: row.createdAt.toISOString(),
  };
}
