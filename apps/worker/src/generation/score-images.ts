// Scores the images of a finished generation with the texts that it names, in a separate process.
import { join } from 'node:path';
import type { GenerationDetail } from '@styleforge/database';
import { downloadObject } from '@styleforge/storage';
import { runInChild } from '../processes/job-process.ts';
import { withScratch } from '../scratch.ts';
import type { Services } from '../services.ts';

export type ScoringServices = Services<
  'database' | 'objectStore' | 'baseModelsDirectory' | 'scratchDirectory' | 'room' | 'log' | 'tracing'
>;

/** Nothing for a generation without texts. `aborted`: the signal stopped it. */
export async function scoreImages(
  { id, attempt }: Pick<GenerationDetail, 'id' | 'attempt'>,
  signal: AbortSignal,
  services: ScoringServices,
): Promise<'done' | 'aborted'> {
  const generation = await services.database.generations.get(id);
  const scoring = generation?.config.scoring ?? null;
  if (!generation || scoring === null) return 'done';
  return withScratch(services, id, attempt, async (directory) => {
    const { images, config } = generation;
    const paths: string[] = [];
    for (const { index, objectKey, sha256 } of images) {
      const path = join(directory, `${index}.png`);
      await downloadObject(services.objectStore, objectKey, path, sha256);
      paths.push(path);
    }
    const texts = images.map(({ index }) => scoring.texts[Math.floor(index / config.num_images)]!);
    const result = await runInChild(
      { kind: 'score', images: paths, texts, extractor: scoring.extractor, extractorsDirectory: services.baseModelsDirectory },
      { signal, log: services.log, tracing: services.tracing },
    );
    if (result === 'aborted') return 'aborted';
    await services.database.generations.recordScores(id, attempt, result.scores ?? []);
    return 'done';
  });
}
