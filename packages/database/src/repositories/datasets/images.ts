// Uploaded images: the rows for the PNG files in the object store.
import type { Image } from '../../generated/client.ts';
import { Prisma } from '../../generated/client.ts';
import type { PrismaClient } from '../../prisma-types.ts';

export type ImageRow = Image;
export type ImageMeasures = Pick<Image, 'fileName' | 'component' | 'caption' | 'width' | 'height'> & { hasMask: boolean };
/** The fields that a caller may change. */
export type ImageChange = { caption?: string | null | undefined; component?: string | null | undefined; excluded?: boolean | undefined };
export type NewImage = Omit<Image, 'createdAt' | 'missingSince' | 'excluded' | keyof ImageMask> & Partial<ImageMask>;
/** The mask's object; null for no mask. */
export type ImageMask = Pick<Image, 'maskKey' | 'maskSha256'>;

export function createImageRepository(prisma: PrismaClient) {
  return {
    /** Adds an image. A dataset contains each image once, and at most `limit` images, however many requests add to it at the same time. */
    async add(image: NewImage, limit: number): Promise<ImageRow | 'duplicate' | 'dataset_full' | 'no_dataset'> {
      try {
        return await prisma.$transaction(async (transaction) => {
          const locked = await transaction.$queryRaw<unknown[]>`select id from datasets where id = ${image.datasetId} for no key update`;
          if (locked.length === 0) return 'no_dataset';
          if ((await transaction.image.count({ where: { datasetId: image.datasetId } })) >= limit) return 'dataset_full';
          return transaction.image.create({ data: image });
        });
      } catch (error) {
        if (error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002') return 'duplicate';
        throw error;
      }
    },

    async listByDataset(projectId: string, datasetId: string): Promise<ImageRow[]> {
      return prisma.image.findMany({ where: { projectId, datasetId }, orderBy: { id: 'asc' } });
    },

    async page(projectId: string, datasetId: string, { limit, after }: { limit: number; after?: string | undefined }): Promise<ImageRow[]> {
      const where = { projectId, datasetId, ...(after !== undefined && { id: { gt: after } }) };
      return prisma.image.findMany({ where, orderBy: { id: 'asc' }, take: limit });
    },

    /** The images that a job trains on: all but excluded ones. */
    async listForTraining(projectId: string, datasetId: string): Promise<ImageRow[]> {
      return prisma.image.findMany({ where: { projectId, datasetId, excluded: false }, orderBy: { id: 'asc' } });
    },

    /** Changes an image; null if there is none. */
    async update(projectId: string, id: string, { caption, component, excluded }: ImageChange): Promise<ImageRow | null> {
      const data = {
        ...(caption !== undefined && { caption }),
        ...(component !== undefined && { component }),
        ...(excluded !== undefined && { excluded }),
      };
      await prisma.image.updateMany({ where: { id, projectId }, data });
      return prisma.image.findUnique({ where: { id, projectId } });
    },

    /** Sets captions by image id, all or none. Returns the ids that the dataset does not contain. */
    async setCaptions(projectId: string, datasetId: string, captions: ReadonlyMap<string, string | null>): Promise<string[]> {
      return prisma.$transaction(async (transaction) => {
        const rows = await transaction.image.findMany({
          where: { projectId, datasetId, id: { in: [...captions.keys()] } },
          select: { id: true },
        });
        const known = new Set(rows.map(({ id }) => id));
        const unknown = [...captions.keys()].filter((id) => !known.has(id));
        if (unknown.length > 0) return unknown;
        for (const [id, caption] of captions) await transaction.image.update({ where: { id }, data: { caption } });
        return [];
      });
    },

    /**
     * Sets or removes the image's mask. Returns null if there is no such image, else the key of the previous mask's object, which can be
     * deleted.
     */
    async setMask(projectId: string, id: string, mask: ImageMask): Promise<{ replaced: string | null } | null> {
      return prisma.$transaction(async (transaction) => {
        await transaction.$queryRaw`select id from images where id = ${id} for update`;
        const before = await transaction.image.findUnique({ where: { id, projectId }, select: { maskKey: true } });
        if (before === null) return null;
        await transaction.image.update({ where: { id }, data: mask });
        return { replaced: before.maskKey };
      });
    },

    /** Deletes the row and returns it, so that its objects can be deleted; null if there was none. */
    async delete(id: string): Promise<ImageRow | null> {
      const row = await prisma.image.findUnique({ where: { id } });
      if (row !== null) await prisma.image.deleteMany({ where: { id } });
      return row;
    },

    async find(projectId: string, id: string): Promise<ImageRow | null> {
      return prisma.image.findUnique({ where: { id, projectId } });
    },
  };
}
