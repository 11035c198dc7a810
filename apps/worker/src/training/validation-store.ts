// Stores validation images: each object first, then its row, and an event when all images of a step are stored.
import type { TrainingJobRow } from '@styleforge/database';
import { validationImageKey } from '@styleforge/storage';
import { imageTexts } from '../image-texts.ts';
import type { RawValidationImage, ValidationDone } from '../processes/messages.ts';
import { encodePng } from '../png.ts';
import type { Services } from '../services.ts';

export class ValidationStore {
  readonly #job: TrainingJobRow;
  readonly #services: Services<'database' | 'objectStore' | 'usage'>;

  constructor(job: TrainingJobRow, services: Services<'database' | 'objectStore' | 'usage'>) {
    this.#job = job;
    this.#services = services;
  }

  async keep(image: RawValidationImage): Promise<void> {
    const { id: jobId, projectId } = this.#job;
    const { step, index, prompt, seed, width, height } = image;
    const { sampler, steps, guidance_scale, negative_prompt } = image.settings;
    const model = `${jobId} at step ${step}`;
    const texts = imageTexts({
      prompt,
      negative_prompt,
      seed,
      steps,
      guidance_scale,
      sampler,
      width,
      height,
      model,
      training_job_id: jobId,
      step,
    });
    const png = await encodePng(image, texts);
    const objectKey = validationImageKey(projectId, jobId, step, index);
    const { size, sha256 } = await this.#services.objectStore.put(objectKey, png);
    await this.#services.database.validationImages.record({
      jobId,
      step,
      index,
      prompt,
      seed,
      width,
      height,
      sizeBytes: size,
      sha256,
      objectKey,
    });
    this.#services.usage?.images(1);
  }

  async finish({ step, images, scores }: ValidationDone): Promise<void> {
    await this.#services.database.events.append(this.#job.id, 'validation.done', { step, images, scores });
  }
}
