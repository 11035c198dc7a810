// API keys: shown once when they are created, and stored as a SHA-256.
import { createHash, randomBytes } from 'node:crypto';
import type { ApiKeyScope } from '@styleforge/contracts';
import type { ApiKey } from '../../generated/client.ts';
import type { ApiKeyIdentity, KeyCache } from '../../key-cache.ts';
import { newId } from '../../new-id.ts';
import { API_KEY_CHANNEL } from '../../presence.ts';
import type { PrismaClient } from '../../prisma-types.ts';
import { pageArguments, toPage } from '../common/page.ts';
import type { PageRequest, RowPage } from '../common/page.ts';

export type { ApiKeyIdentity } from '../../key-cache.ts';
export type ApiKeyRow = Omit<ApiKey, 'keyHash' | 'scopes'> & { scopes: ApiKeyScope[] };
export type NewApiKey = { id?: string; expiresAt?: Date | null };

const KEY_PREFIX = 'sf_';
const KEY_BYTES = 32;
const HINT_LENGTH = 9;
/** Minimum milliseconds between two records of a key's use, because a write costs more than the look-up. */
const USE_RESOLUTION_MS = 60_000;

export function createApiKeyRepository(prisma: PrismaClient, known: KeyCache) {
  return {
    async createProject(name: string): Promise<{ projectId: string }> {
      const { id } = await prisma.project.create({ data: { id: newId('project'), name } });
      return { projectId: id };
    },

    /** The oldest project with this name or id. */
    async findProject(nameOrId: string): Promise<{ projectId: string; name: string } | null> {
      const row = await prisma.project.findFirst({ where: { OR: [{ id: nameOrId }, { name: nameOrId }] }, orderBy: { id: 'asc' } });
      return row && { projectId: row.id, name: row.name };
    },

    /** Creates a key. Only this result contains the key itself. */
    async create(
      projectId: string,
      name: string,
      scopes: ApiKeyScope[] = ['read', 'write'],
      { id = newId('apiKey'), expiresAt = null }: NewApiKey = {},
    ): Promise<{ keyId: string; key: string; row: ApiKeyRow }> {
      const key = KEY_PREFIX + randomBytes(KEY_BYTES).toString('base64url');
      const secret = { keyHash: hash(key), keyHint: key.slice(0, HINT_LENGTH) };
      // A repeated request of one that died replaces the row, because nobody has seen the first key.
      const row = await prisma.apiKey.upsert({
        where: { id, projectId },
        create: { id, projectId, name, scopes, expiresAt, ...secret },
        update: secret,
      });
      return { keyId: id, key, row: toRow(row) };
    },

    /** Creates a project and a key to it with every scope, at the first start of an installation. Null if there is already a project. */
    async createFirst(): Promise<{ key: string } | null> {
      const project = await prisma.$transaction(async (transaction) => {
        // If several processes start at once, one of them creates it.
        await transaction.$executeRaw`lock table projects in share row exclusive mode`;
        return (await transaction.project.findFirst()) === null
          ? transaction.project.create({ data: { id: newId('project'), name: 'default' } })
          : null;
      });
      return project && this.create(project.id, 'made at start', ['read', 'write', 'admin']);
    },

    /** The owner of a key; null if the key is unknown, revoked or expired. */
    async identify(key: string): Promise<ApiKeyIdentity | null> {
      const keyHash = hash(key);
      const remembered = known.find(keyHash);
      if (remembered !== undefined) return remembered;
      const row = await prisma.apiKey.findUnique({ where: { keyHash } });
      const now = new Date();
      if (row === null || row.revokedAt !== null || (row.expiresAt !== null && row.expiresAt <= now)) return null;
      if (row.lastUsedAt === null || now.getTime() - row.lastUsedAt.getTime() > USE_RESOLUTION_MS) {
        await prisma.apiKey.updateMany({ where: { id: row.id }, data: { lastUsedAt: now } });
      }
      const identity = { keyId: row.id, projectId: row.projectId, scopes: row.scopes as ApiKeyScope[] };
      known.remember(keyHash, identity, row.expiresAt);
      return identity;
    },

    /** Whether the key was recently found valid, so that it needs no look-up. */
    isRemembered: (key: string): boolean => known.find(hash(key)) !== undefined,

    /** Whether a key that was valid earlier still is. */
    async isUsable(id: string): Promise<boolean> {
      const unexpired = { OR: [{ expiresAt: null }, { expiresAt: { gt: new Date() } }] };
      return (await prisma.apiKey.count({ where: { id, revokedAt: null, ...unexpired } })) > 0;
    },

    async find(projectId: string, id: string): Promise<ApiKeyRow | null> {
      const row = await prisma.apiKey.findUnique({ where: { id, projectId } });
      return row && toRow(row);
    },

    async list(projectId: string, page: PageRequest): Promise<RowPage<ApiKeyRow>> {
      const { where, ...rest } = pageArguments(page);
      const rows = await prisma.apiKey.findMany({ ...rest, where: { ...where, projectId } });
      return toPage(rows.map(toRow), page.limit);
    },

    /**
     * Revokes the key. This process refuses its next request at once, others within milliseconds, when they are notified. Repeating
     * the call changes nothing. Null if there is no such key.
     */
    async revoke(id: string, projectId?: string): Promise<ApiKeyRow | null> {
      const ofProject = projectId === undefined ? {} : { projectId };
      await prisma.apiKey.updateMany({ where: { id, ...ofProject, revokedAt: null }, data: { revokedAt: new Date() } });
      known.forget(id);
      await prisma.$executeRaw`select pg_notify(${API_KEY_CHANNEL}, ${id})`;
      const row = await prisma.apiKey.findUnique({ where: { id, ...ofProject } });
      return row && toRow(row);
    },
  };
}

/** The row without its hash, which does not leave this file. */
function toRow({ keyHash: _keyHash, ...row }: ApiKey): ApiKeyRow {
  return { ...row, scopes: row.scopes as ApiKeyScope[] };
}

// A key has 256 random bits, so a plain hash cannot be reversed by search.
function hash(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}
