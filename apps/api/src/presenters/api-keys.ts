// Rows of API keys as response bodies.
import type { ApiKeyBody } from '@styleforge/contracts';
import type { ApiKeyRow } from '@styleforge/database';

export function presentApiKey(row: ApiKeyRow): ApiKeyBody {
  return {
    id: row.id,
    name: row.name,
    scopes: row.scopes,
    hint: row.keyHint,
    created_at: row.createdAt.toISOString(),
    expires_at: row.expiresAt?.toISOString() ?? null,
    last_used_at: row.lastUsedAt?.toISOString() ?? null,
    revoked_at: row.revokedAt?.toISOString() ?? null,
  };
}
