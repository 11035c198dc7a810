// Prompt sets: versions of named lists, numbered from 1 for each name.
import type { PromptSet } from '../../generated/client.ts';
import { newId } from '../../new-id.ts';
import type { PrismaClient } from '../../prisma-types.ts';
import { pageArguments, toPage } from '../common/page.ts';
import type { PageRequest, RowPage } from '../common/page.ts';

export type PromptSetRow = PromptSet;
/** A prompt set without its prompts, of which there may be a megabyte. */
export type PromptSetSummaryRow = Omit<PromptSet, 'prompts'> & { promptCount: number };
export type NewPromptSet = {
  id?: string | undefined;
  projectId: string;
  name: string;
  description: string;
  prompts: string[];
  sha256: string;
};

export function createPromptSetRepository(prisma: PrismaClient) {
  return {
    /** Creates the next version of its name. */
    async create({ id = newId('promptSet'), projectId, ...values }: NewPromptSet): Promise<PromptSetRow> {
      return prisma.$transaction(async (transaction) => {
        // Two concurrent requests with one name get two numbers.
        await transaction.$queryRaw`select id from projects where id = ${projectId} for no key update`;
        const existing = await transaction.promptSet.findUnique({ where: { id, projectId } });
        if (existing !== null) return existing;
        const { _max } = await transaction.promptSet.aggregate({ where: { projectId, name: values.name }, _max: { version: true } });
        return transaction.promptSet.create({ data: { id, projectId, ...values, version: (_max.version ?? 0) + 1 } });
      });
    },

    find: (projectId: string, id: string): Promise<PromptSetRow | null> => prisma.promptSet.findUnique({ where: { id, projectId } }),

    /** Finds a version; the newest one if `version` is omitted. */
    async findVersion(projectId: string, name: string, version?: number): Promise<PromptSetRow | null> {
      const where = { projectId, name, ...(version === undefined ? {} : { version }) };
      return prisma.promptSet.findFirst({ where, orderBy: { version: 'desc' } });
    },

    async list(projectId: string, page: PageRequest): Promise<RowPage<PromptSetSummaryRow>> {
      const { where, ...rest } = pageArguments(page);
      const rows = await prisma.promptSet.findMany({ ...rest, where: { ...where, projectId }, omit: { prompts: true } });
      const counted = await prisma.$queryRaw<
        { id: string; count: number }[]
      >`select id, cardinality(prompts) as count from prompt_sets where id = any(${rows.map(({ id }) => id)})`;
      const counts = new Map(counted.map(({ id, count }) => [id, count]));
      return toPage(
        rows.map((row) => ({ ...row, promptCount: counts.get(row.id) ?? 0 })),
        page.limit,
      );
    },
  };
}
