// API keys: made once, shown once, kept as a SHA-256.
import { createHash, randomBytes } from 'node:crypto';
import { newId } from '../new-id.ts';
import type { PrismaClient } from '../prisma-types.ts';

export type ApiKeyScope = 'read' | 'write' | 'admin';
export type ApiKeyIdentity = { keyId: string; projectId: string; scopes: string[] };

const KEY_PREFIX = 'sf_';
const KEY_BYTES = 32;
const HINT_LENGTH = 9;

export type ApiKeyRepository = ReturnType<typeof createApiKeyRepository>;

export function createApiKeyRepository(prisma: PrismaClient) {
  return {
    async createProject(name: string): Promise<{ projectId: string }> {
      const { id } = await prisma.project.create({ data: { id: newId('project'), name } });
      return { projectId: id };
    },

    /** The key itself is only ever in this answer. */
    async create(projectId: string, name: string, scopes: ApiKeyScope[] = ['read', 'write']): Promise<{ keyId: string; key: string }> {
      const key = KEY_PREFIX + randomBytes(KEY_BYTES).toString('base64url');
      const keyId = newId('apiKey');
      await prisma.apiKey.create({ data: { id: keyId, projectId, name, scopes, keyHash: hash(key), keyHint: key.slice(0, HINT_LENGTH) } });
      return { keyId, key };
    },

    /** Who a key belongs to; null for an unknown or revoked one. */
    async identify(key: string): Promise<ApiKeyIdentity | null> {
      const row = await prisma.apiKey.findFirst({ where: { keyHash: hash(key), revokedAt: null } });
      return row && { keyId: row.id, projectId: row.projectId, scopes: row.scopes };
    },

    async revoke(keyId: string): Promise<void> {
      await prisma.apiKey.updateMany({ where: { id: keyId, revokedAt: null }, data: { revokedAt: new Date() } });
    },

    async exists(): Promise<boolean> {
      return (await prisma.apiKey.findFirst({ select: { id: true } })) !== null;
    },
  };
}

// A key carries 256 random bits, so a plain hash cannot be searched backwards.
function hash(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}
