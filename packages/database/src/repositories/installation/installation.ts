// The installation that the database belongs to, and what identifies its object store.
import type { PrismaClient } from '../../prisma-types.ts';

export type InstallationRow = { id: string; storeBoundAt: Date | null };

export function createInstallationRepository(
  prisma: PrismaClient,
  exclusively: <Result>(name: string, work: () => Promise<Result>) => Promise<Result | undefined>,
) {
  return {
    async read(): Promise<InstallationRow> {
      return prisma.installation.findFirstOrThrow({ select: { id: true, storeBoundAt: true } });
    },

    /** Ids of all projects, oldest first. */
    async projectIds(): Promise<string[]> {
      return (await prisma.project.findMany({ select: { id: true }, orderBy: { id: 'asc' } })).map(({ id }) => id);
    },

    /** Records that the object store with this id belongs to the database. */
    async bindStore(id: string): Promise<void> {
      await prisma.installation.updateMany({ data: { id, storeBoundAt: new Date() } });
    },

    /** Keys of objects that rows refer to, up to `count` of each kind, chosen at random. */
    async sampleKeys(count: number): Promise<string[]> {
      const rows = await prisma.$queryRaw<{ key: string }[]>`
        (select object_key as key from images order by random() limit ${count})
        union all (select object_key from generated_images order by random() limit ${count})
        union all (select object_key from validation_images order by random() limit ${count})
        union all (select object_key from evaluation_images order by random() limit ${count})
        union all (select object_prefix || (files -> 0 ->> 'path') from checkpoints where jsonb_array_length(files) > 0 order by random() limit ${count})`;
      return rows.map(({ key }) => key);
    },

    /** Runs the work while no other process can bind a store. */
    alone: <Result>(work: () => Promise<Result>): Promise<Result | undefined> => exclusively('store identity', work),
  };
}
