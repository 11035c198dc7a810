// Validation and evaluation images of a whole project. Those of generations are in generations.ts.
import type { EvaluatedModel } from '@styleforge/contracts';
import { Prisma } from '../../generated/client.ts';
import type { PrismaClient } from '../../prisma-types.ts';
import type { EvaluationImageRow } from '../evaluations/evaluations.ts';
import type { ValidationImageRow } from '../training-jobs/validation-images.ts';
import { toPage } from './page.ts';
import type { RowPage } from './page.ts';

/** Filter of the list. `model`: a base model, a checkpoint or a training job. */
export type ListedImageFilter = { model?: string | undefined; trainingJobId?: string | undefined };
/** Primary key of the last row of a page. */
export type ImagePlace = { id: string; first: number; index: number };
export type ListedImagePage = { limit: number; after?: ImagePlace | undefined };

export type ListedValidationImageRow = ValidationImageRow & { baseModel: string };
/** An evaluation image. `evaluated`: the model in the evaluation's list that generated it. */
export type ListedEvaluationImageRow = EvaluationImageRow & { evaluated: EvaluatedModel | null };

export function createListedImageRepository(prisma: PrismaClient) {
  return {
    /** Validation images: the newest job first, and the latest step of each job first. */
    async validations(
      projectId: string,
      filter: ListedImageFilter & { starred?: boolean | undefined },
      { limit, after }: ListedImagePage,
    ): Promise<RowPage<ListedValidationImageRow>> {
      const { model, trainingJobId, starred } = filter;
      const checkpoint =
        model === undefined ? null : await prisma.checkpoint.findUnique({ where: { id: model }, select: { jobId: true, step: true } });
      const ofModel = checkpoint ?? (model === undefined ? {} : { job: { projectId, OR: [{ id: model }, { baseModel: model }] } });
      const rows = await prisma.validationImage.findMany({
        where: {
          AND: [{ job: { projectId } }, ofModel, trainingJobId === undefined ? {} : { jobId: trainingJobId }, after ? isBelow(after) : {}],
          ...(starred !== undefined && { starred }),
        },
        orderBy: [{ jobId: 'desc' }, { step: 'desc' }, { index: 'desc' }],
        take: limit + 1,
        include: { job: { select: { baseModel: true } } },
      });
      return toPage(
        rows.map(({ job: { baseModel }, seed, ...row }) => ({ ...row, seed: Number(seed), baseModel })),
        limit,
      );
    },

    /** Evaluation images: the newest evaluation first. */
    async evaluations(
      projectId: string,
      filter: ListedImageFilter,
      { limit, after }: ListedImagePage,
    ): Promise<RowPage<ListedEvaluationImageRow>> {
      const { model, trainingJobId } = filter;
      const conditions = [
        Prisma.sql`evaluation.project_id = ${projectId}`,
        ...(model === undefined
          ? []
          : [Prisma.sql`${model} in (evaluated ->> 'checkpoint_id', evaluated ->> 'training_job_id', ${baseAlone})`]),
        ...(trainingJobId === undefined ? [] : [Prisma.sql`evaluated ->> 'training_job_id' = ${trainingJobId}`]),
        ...(after ? [Prisma.sql`(image.evaluation_id, image.model, image.index) < (${after.id}, ${after.first}, ${after.index})`] : []),
      ];
      const rows = await prisma.$queryRaw<(Omit<ListedEvaluationImageRow, 'seed'> & { seed: bigint })[]>`
        select image.evaluation_id as "evaluationId", image.model, image.index, prompt, seed, width, height, size_bytes as "sizeBytes", sha256,
          object_key as "objectKey", image.created_at as "createdAt", missing_since as "missingSince", evaluated
        from evaluation_images image join evaluations evaluation on evaluation.id = image.evaluation_id
          cross join lateral (select evaluation.config -> 'models' -> image.model as evaluated) as its
        where ${Prisma.join(conditions, ' and ')}
        order by image.evaluation_id desc, image.model desc, image.index desc limit ${limit + 1}`;
      return toPage(
        rows.map(({ seed, ...row }) => ({ ...row, seed: Number(seed) })),
        limit,
      );
    },
  };
}

/** SQL of the base model's name if it was evaluated without a checkpoint. */
const baseAlone = Prisma.sql`case when evaluated ->> 'checkpoint_id' is null then evaluated ->> 'base_model' end`;

const isBelow = ({ id, first, index }: ImagePlace): Prisma.ValidationImageWhereInput => ({
  OR: [{ jobId: { lt: id } }, { jobId: id, step: { lt: first } }, { jobId: id, step: first, index: { lt: index } }],
});
