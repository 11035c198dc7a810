// Annotations of an object by people: name, notes, metadata and star.
import type { AnnotationChange } from '@styleforge/contracts';
import type { PrismaClient } from '../../prisma-types.ts';

type Change = { name?: string | null; notes?: string; metadata?: Record<string, string>; starred?: boolean };
type NamedChange = Omit<Change, 'name'> & { name?: string };

/** The fields that the request contains; null is a value. */
const given = ({ name, notes, metadata, starred }: AnnotationChange): Change => ({
  ...(name !== undefined && { name }),
  ...(notes !== undefined && { notes }),
  ...(metadata !== undefined && { metadata }),
  ...(starred !== undefined && { starred }),
});

/** Creates the repository. Each method returns false if the project has no such object; omitted fields do not change. */
export function createAnnotationRepository(prisma: PrismaClient) {
  const found = async (updated: Promise<{ count: number }>): Promise<boolean> => (await updated).count > 0;
  return {
    generation: (projectId: string, id: string, change: AnnotationChange) =>
      found(prisma.generation.updateMany({ where: { id, projectId }, data: given(change) })),
    evaluation: (projectId: string, id: string, change: AnnotationChange) =>
      found(prisma.evaluation.updateMany({ where: { id, projectId }, data: given(change) })),
    checkpoint: (projectId: string, id: string, change: AnnotationChange) =>
      found(prisma.checkpoint.updateMany({ where: { id, projectId }, data: given(change) })),
    study: (projectId: string, id: string, change: AnnotationChange & { name?: string | undefined }) =>
      found(prisma.study.updateMany({ where: { id, projectId }, data: given(change) as NamedChange })),
    promptSet: (projectId: string, id: string, { name: _name, ...change }: AnnotationChange) =>
      found(prisma.promptSet.updateMany({ where: { id, projectId }, data: given(change) as Omit<Change, 'name'> })),
  };
}
