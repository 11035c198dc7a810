// Browser sessions: a random cookie for an API key, stored as a SHA-256. A session ends with its key.
import { createHash, randomBytes } from 'node:crypto';
import type { ApiKeyScope } from '@styleforge/contracts';
import { newId } from '../../new-id.ts';
import { API_KEY_CHANNEL } from '../../presence.ts';
import type { PrismaClient } from '../../prisma-types.ts';
import type { ApiKeyIdentity } from './api-keys.ts';

const TOKEN_BYTES = 32;
const DAY_MS = 86_400_000;

export type SessionIdentity = ApiKeyIdentity & { sessionId: string; expiresAt: Date };
export type NewSession = { token: string; sessionId: string; expiresAt: Date };

export function createSessionRepository(prisma: PrismaClient) {
  return {
    /** Creates a session and removes expired ones. Only this result contains the token. Null if the key has just been deleted. */
    async create(apiKeyId: string, days: number): Promise<NewSession | null> {
      const now = new Date();
      await prisma.session.deleteMany({ where: { expiresAt: { lte: now } } });
      const key = await prisma.apiKey.findUnique({ where: { id: apiKeyId } });
      if (key === null) return null;
      const end = new Date(now.getTime() + days * DAY_MS);
      const expiresAt = key.expiresAt !== null && key.expiresAt < end ? key.expiresAt : end;
      const token = randomBytes(TOKEN_BYTES).toString('base64url');
      const sessionId = newId('session');
      await prisma.session.create({ data: { id: sessionId, apiKeyId, tokenHash: hash(token), expiresAt } });
      return { token, sessionId, expiresAt };
    },

    /** The owner of a session; null if it is unknown or expired, or if its key has been revoked or has expired. */
    async identify(token: string): Promise<SessionIdentity | null> {
      const row = await prisma.session.findUnique({ where: { tokenHash: hash(token) }, include: { apiKey: true } });
      const now = new Date();
      if (row === null || row.expiresAt <= now) return null;
      const { apiKey, id: sessionId, expiresAt } = row;
      if (apiKey.revokedAt !== null || (apiKey.expiresAt !== null && apiKey.expiresAt <= now)) return null;
      return { keyId: apiKey.id, projectId: apiKey.projectId, scopes: apiKey.scopes as ApiKeyScope[], sessionId, expiresAt };
    },

    /** Whether a session that was valid earlier still is, not counting its key. */
    async isOpen(sessionId: string): Promise<boolean> {
      return (await prisma.session.count({ where: { id: sessionId, expiresAt: { gt: new Date() } } })) > 0;
    },

    /** Ends a session. Its event streams end as soon as their processes are notified. */
    async end(sessionId: string): Promise<void> {
      await prisma.session.deleteMany({ where: { id: sessionId } });
      await prisma.$executeRaw`select pg_notify(${API_KEY_CHANNEL}, ${sessionId})`;
    },
  };
}

// A token has 256 random bits, so a plain hash cannot be reversed by search.
function hash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
