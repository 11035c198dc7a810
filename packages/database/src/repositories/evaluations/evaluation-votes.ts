// Blind votes on the images of evaluations.
import type { VoteBody } from '@styleforge/contracts';
import type { PrismaClient } from '../../prisma-types.ts';

export type VoteRow = VoteBody & { voter: string };

export function createEvaluationVoteRepository(prisma: PrismaClient) {
  return {
    /** The votes, ordered by pair and image. */
    async list(evaluationId: string): Promise<VoteRow[]> {
      const rows = await prisma.evaluationVote.findMany({
        where: { evaluationId },
        orderBy: [{ first: 'asc' }, { second: 'asc' }, { index: 'asc' }],
      });
      return rows.map(({ index, first, second, preferred, voterId }) => ({
        ...{ index, first, second, voter: voterId },
        preferred: preferred as VoteBody['preferred'],
      }));
    },

    /** Stores votes. A vote replaces the earlier one of the same voter on the same pair. */
    async set(evaluationId: string, voterId: string, votes: readonly VoteBody[]): Promise<void> {
      const pairs = votes.map(({ index, first, second }) => ({ index, first, second }));
      await prisma.$transaction([
        prisma.evaluationVote.deleteMany({ where: { evaluationId, voterId, OR: pairs } }),
        prisma.evaluationVote.createMany({ data: votes.map((vote) => ({ ...vote, evaluationId, voterId })), skipDuplicates: true }),
      ]);
    },

    async clear(evaluationId: string, voterId: string): Promise<void> {
      await prisma.evaluationVote.deleteMany({ where: { evaluationId, voterId } });
    },
  };
}
