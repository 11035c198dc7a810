// Measures how well each token of a model produces its own component, in the format of the contract.
import type { TokenDisentanglementBody } from '@styleforge/contracts';
import type { SamplingOptions, TextToImagePipeline } from '@styleforge/diffusion';
import { type FeatureExtractor, measureTokenDisentanglement, readImages, type TokenDisentanglement } from '@styleforge/metrics';
import type { TrainingTask } from '../processes/messages.ts';

export interface TokenMeasurement {
  /** A CLIP extractor. */
  extractor: FeatureExtractor;
  pipeline: TextToImagePipeline;
  components: TrainingTask['styleRef'];
  /** Prompts without the style prompt. */
  prompts: readonly string[];
  imagesPerPrompt: number;
  sampling: Omit<SamplingOptions, 'signal'> & { negativePrompt: string | undefined; seed: number; width: number; height: number };
  signal: AbortSignal;
}

export async function measureTokens({
  extractor,
  pipeline,
  components,
  prompts,
  imagesPerPrompt,
  sampling,
  signal,
}: TokenMeasurement): Promise<TokenDisentanglementBody> {
  return toBody(
    await measureTokenDisentanglement({
      extractor,
      prompts,
      imagesPerPrompt,
      signal,
      components: components.map(({ component, token, prompt, images }) => ({
        name: component,
        token,
        prompt,
        references: readImages(images.map(({ path }) => path)),
      })),
      generate: (prefixed) => pipeline.generate({ ...sampling, prompts: prefixed, imagesPerPrompt, signal }),
    }),
  );
}

const toEstimate = ({ value, standardError }: { value: number; standardError: number | null }) => ({
  value,
  standard_error: standardError,
});

function toBody({ weightsSha256, imagesPerPrompt, components, conditions, ...same }: TokenDisentanglement): TokenDisentanglementBody {
  return {
    ...same,
    weights_sha256: weightsSha256,
    images_per_prompt: imagesPerPrompt,
    components: components.map(({ selectivity, ...rest }) => ({ ...rest, selectivity: toEstimate(selectivity) })),
    conditions: conditions.map(({ components: named, prefix, pulls }) => ({
      components: [...named],
      prefix,
      pulls: pulls.map(({ gain, ...rest }) => ({ ...rest, gain: toEstimate(gain) })),
    })),
  };
}
