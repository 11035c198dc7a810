// The API of the tests of generations, and what a worker does with a generation.
import type { GenerationBody } from '@styleforge/contracts';
import { newId } from '@styleforge/database';
import { generationImageKey } from '@styleforge/storage';
import { expect } from 'vitest';
import { picture, startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';

export let api: ApiFixture;

export async function setUp(): Promise<void> {
  api = await startApiFixture();
}

export const tearDown = (): Promise<void> => api.close();

export const post = (body: object) => api.call<GenerationBody>('POST', '/v1/images/generations', { body });

/** Does what the worker does, with an image that needs no model. */
export async function finish(id: string): Promise<void> {
  const { generations } = api.database;
  const claimed = await generations.claim(id);
  if (claimed === null) throw new Error('the generation should be waiting');
  const objectKey = generationImageKey(api.projectId, id, 0);
  const { size, sha256 } = await api.objectStore.put(objectKey, await picture(7));
  const [prompt = ''] = claimed.config.prompts;
  const image = {
    generationId: id,
    projectId: api.projectId,
    index: 0,
    prompt,
    seed: 2 ** 32 - 1,
    width: 24,
    height: 24,
    sizeBytes: size,
    sha256,
    objectKey,
  };
  const first = await generations.recordImage(claimed.attempt, { id: newId('image'), ...image });
  const again = await generations.recordImage(claimed.attempt, { id: newId('image'), ...image });
  expect(again.id).toBe(first.id);
  await generations.setStatus(id, { from: 'running', to: 'succeeded', attempt: claimed.attempt });
}
