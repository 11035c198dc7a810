// Reads one page of a project's images of the requested kind.
import { type AnyListedImageBody, ID_PREFIXES, type imageQuery, type Page, parseModelReference } from '@styleforge/contracts';
import type { ImagePlace, ListedImageFilter, RowPage } from '@styleforge/database';
import type { z } from 'zod';
import type { ApiDependencies } from '../../dependencies.ts';
import { presentListedEvaluationImage, presentListedImage, presentListedValidationImage } from '../../presenters/listed-images.ts';
import { presentPage } from '../../presenters/pages.ts';

type Query = z.output<typeof imageQuery>;

export async function listImagesOfKind(
  { database }: ApiDependencies,
  projectId: string,
  { kind, model, training_job: trainingJobId, starred, limit, after }: Query,
): Promise<Page<AnyListedImageBody>> {
  const filter: ListedImageFilter = { model: model && (await checkpointOfName(database, projectId, model)), trainingJobId };
  switch (kind) {
    case 'generation':
      return presentPage(await database.generations.listImages(projectId, { ...filter, starred }, { limit, after }), presentListedImage);
    case 'validation': {
      const page = await database.listedImages.validations(projectId, { ...filter, starred }, { limit, after: placeOf(after) });
      return pageByPlace(page, presentListedValidationImage, ({ jobId, step, index }) => ({ id: jobId, first: step, index }));
    }
    case 'evaluation': {
      const page = await database.listedImages.evaluations(projectId, filter, { limit, after: placeOf(after) });
      return pageByPlace(page, presentListedEvaluationImage, ({ evaluationId, model, index }) => ({
        id: evaluationId,
        first: model,
        index,
      }));
    }
  }
}

/** The checkpoint of a named model; any other text is returned unchanged. */
async function checkpointOfName(database: ApiDependencies['database'], projectId: string, text: string): Promise<string> {
  if ([ID_PREFIXES.checkpoint, ID_PREFIXES.trainingJob].some((prefix) => text.startsWith(`${prefix}_`))) return text;
  const reference = parseModelReference(text);
  const version = reference && (await database.models.findVersion(projectId, reference.name, reference.version));
  return version?.checkpointId ?? text;
}

function pageByPlace<Row, Body>(
  { rows, hasMore }: RowPage<Row>,
  present: (row: Row) => Body,
  toPlace: (row: Row) => ImagePlace,
): Page<Body> {
  const last = rows.at(-1);
  return { data: rows.map(present), has_more: hasMore, next: hasMore && last ? textOf(toPlace(last)) : null };
}

const textOf = ({ id, first, index }: ImagePlace): string => `${id}.${first}.${index}`;

function placeOf(text: string | undefined): ImagePlace | undefined {
  if (text === undefined) return undefined;
  const [id = '', first, index] = text.split('.');
  return { id, first: Number(first), index: Number(index) };
}
