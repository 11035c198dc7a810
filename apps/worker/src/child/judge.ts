// Scores the images of a validation: KID against reference images, or how well they fit their prompts.
import { barePrompt, type TrainingConfig } from '@styleforge/contracts';
import { clipScore, type FeatureExtractor, type Features, fullKernelDistance, readImages, type RgbImage } from '@styleforge/metrics';
import type { TrainingTask } from '../processes/messages.ts';
import { openConfiguredExtractor } from './configured-extractor.ts';

const EXTRACTOR = 'mini-clip';

export class Judge {
  readonly #extractor: FeatureExtractor;
  readonly #config: TrainingConfig;
  readonly #reference: Features | undefined;

  private constructor(extractor: FeatureExtractor, config: TrainingConfig, reference: Features | undefined) {
    this.#extractor = extractor;
    this.#config = config;
    this.#reference = reference;
  }

  /** Returns the judge of a job's validations; undefined for a job without early stopping. Throws ExtractorNotConfiguredError. */
  static async open(config: TrainingConfig, task: TrainingTask, signal: AbortSignal): Promise<Judge | undefined> {
    if (config.early_stopping === null) return undefined;
    const extractor = await openConfiguredExtractor({ name: EXTRACTOR, extractorsDirectory: task.extractorsDirectory, signal });
    const reference =
      config.early_stopping.metric === 'kid' ? await extractor.embedImages(readImages(task.reference), { signal }) : undefined;
    return new Judge(extractor, config, reference);
  }

  /** Name of the metric with its extractor: `kid@mini-clip`. */
  get metric(): string {
    return `${this.#reference ? 'kid' : 'clip'}@${this.#extractor.name}`;
  }

  async score(images: readonly (RgbImage & { prompt: string })[], signal: AbortSignal): Promise<number> {
    const rows = await this.#extractor.embedImages(images, { signal });
    if (this.#reference) return fullKernelDistance(this.#reference, rows);
    if (!this.#extractor.embedTexts) throw new Error(`the extractor ${this.#extractor.name} reads no texts`);
    const { components } = this.#config.style_ref;
    const texts = await this.#extractor.embedTexts(
      images.map(({ prompt }) => barePrompt(prompt, components)),
      { signal },
    );
    return clipScore(rows, texts);
  }

  release(): Promise<void> {
    return this.#extractor.release();
  }
}
