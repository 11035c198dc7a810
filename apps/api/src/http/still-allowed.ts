// Whether a caller could still ask: for streams, which outlive the check at their beginning.
import type { Database } from '@styleforge/database';
import type { Caller } from './api-server.ts';

export async function isStillAllowed(database: Database, { keyId, session }: Caller): Promise<boolean> {
  return (await database.apiKeys.isUsable(keyId)) && (session === null || (await database.sessions.isOpen(session.id)));
}
