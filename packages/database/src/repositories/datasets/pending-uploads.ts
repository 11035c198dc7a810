// Files that callers send to the object store by a link, until a dataset takes them over.
import { createHash, randomBytes } from 'node:crypto';
import type { PendingUpload } from '../../generated/client.ts';
import type { PrismaClient } from '../../prisma-types.ts';

export type PendingUploadRow = Omit<PendingUpload, 'tokenHash'>;
export type NewPendingUpload = { id: string; projectId: string; fileName: string; objectKey: string; expiresAt: Date };

const TOKEN_BYTES = 32;

export function createPendingUploadRepository(prisma: PrismaClient) {
  const live = () => ({ expiresAt: { gt: new Date() } });
  return {
    /** Creates a row, and removes expired rows; the sweep removes their objects. `hasToken`: the link leads to this service. */
    async create(upload: NewPendingUpload, hasToken: boolean): Promise<{ token: string | null }> {
      await prisma.pendingUpload.deleteMany({ where: { expiresAt: { lte: new Date() } } });
      const token = hasToken ? randomBytes(TOKEN_BYTES).toString('base64url') : null;
      const tokenHash = token && hash(token);
      // A repeated request of one that died replaces the row, because nobody has seen the first link.
      await prisma.pendingUpload.upsert({ where: { id: upload.id }, create: { ...upload, tokenHash }, update: { tokenHash } });
      return { token };
    },

    /** The upload that a link of this service belongs to; null if it is unknown or expired. */
    async resolve(token: string): Promise<PendingUploadRow | null> {
      return prisma.pendingUpload.findFirst({ where: { tokenHash: hash(token), ...live() } });
    },

    async find(projectId: string, id: string): Promise<PendingUploadRow | null> {
      return prisma.pendingUpload.findFirst({ where: { id, projectId, ...live() } });
    },

    async delete(id: string): Promise<void> {
      await prisma.pendingUpload.deleteMany({ where: { id } });
    },
  };
}

// A token has 256 random bits, so a plain hash cannot be reversed by search.
const hash = (token: string): string => createHash('sha256').update(token).digest('hex');
