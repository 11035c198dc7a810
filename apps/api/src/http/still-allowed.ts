// Checks whether a caller's access is still valid, for streams, which run for a long time after the first check.
import type { Database } from '@styleforge/database';
import type { Caller } from './api-server.ts';

export async function isStillAllowed(database: Database, { keyId, session }: Caller): Promise<boolean> {
  return (await database.apiKeys.isUsable(keyId)) && (session === null || (await database.sessions.isOpen(session.id)));
}
