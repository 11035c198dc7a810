// Measures the images of an evaluation: distances to the reference images, fit to the prompts, diversity, signs of overfitting, tokens.
import {
  barePrompt,
  type EvaluationConfig,
  evaluationConfig,
  isBaseAlone,
  type Metric,
  type ReportMetric,
  type TokenDisentanglementBody,
  givenText,
} from '@styleforge/contracts';
import { isSamplerName, loadTextToImagePipeline } from '@styleforge/diffusion';
import {
  directoryCache,
  type FeatureExtractor,
  imageFiles,
  type ImageSet,
  measureImages,
  type MetricBlock,
  overfittingSigns,
  type ValidationPoint,
} from '@styleforge/metrics';
import type { Measurements } from '../evaluation/measurements.ts';
import type { MeasureTask, MessageFromChild } from '../processes/messages.ts';
import { openConfiguredExtractor } from './configured-extractor.ts';
import { extractorsOf } from './extractors.ts';
import type { Parent } from './parent.ts';
import { readSettings } from './read-settings.ts';
import { measureTokens } from './token-disentanglement.ts';

/** Number of prompts on which the tokens of a model are compared. */
const TOKEN_PROMPTS = 8;
/** Number of pairs of a generated image and its nearest StyleRef image. */
const NEAREST = 8;
const METRIC_SEED = 0;

export async function measure(task: MeasureTask, parent: Parent): Promise<MessageFromChild> {
  const config = readSettings(evaluationConfig, task.config);
  const sets = {
    reference: await setOf(task.reference),
    styleRef: await setOf(task.styleRef),
    drawn: await Promise.all(task.drawn.map(imageFiles)),
  };
  const blocks: MetricBlock[][] = [];
  let tokens: TokenDisentanglementBody | null = null;
  for (const name of extractorsOf(config)) {
    const extractor = await openConfiguredExtractor({ name, extractorsDirectory: task.extractorsDirectory, signal: parent.signal });
    try {
      const metrics = config.metrics.filter((metric) => name === (metric === 'clip' ? config.clip_extractor : config.extractor));
      blocks.push(await measureModels(extractor, metrics, { config, sets, cacheDirectory: task.cacheDirectory, parent }));
      if (metrics.includes('clip')) tokens = await tellTokensApart(extractor, config, task, parent);
    } finally {
      await extractor.release();
    }
  }
  return { type: 'result', measurements: toMeasurements(blocks, task, tokens) };
}

const setOf = (files: readonly string[]): Promise<ImageSet> | undefined => (files.length > 0 ? imageFiles(files) : undefined);

interface Measuring {
  config: EvaluationConfig;
  sets: { reference: ImageSet | undefined; styleRef: ImageSet | undefined; drawn: ImageSet[] };
  cacheDirectory: string;
  parent: Parent;
}

async function measureModels(
  extractor: FeatureExtractor,
  metrics: Metric[],
  { config, sets, cacheDirectory, parent }: Measuring,
): Promise<MetricBlock[]> {
  const blocks: MetricBlock[] = [];
  for (const [index, generated] of sets.drawn.entries()) {
    const { reference, styleRef } = sets;
    blocks.push(
      await measureImages({
        extractor,
        generated,
        metrics,
        ...(reference && { reference }),
        ...(styleRef && { styleRef }),
        signal: parent.signal,
        seed: METRIC_SEED,
        ...(metrics.includes('clip') && { prompts: captions(config), promptSetSha256: config.prompts_sha256 }),
        cache: directoryCache(cacheDirectory),
      }),
    );
    await parent.tell({ type: 'measuring', done: index + 1, of: sets.drawn.length });
  }
  return blocks;
}

/** Prompts without the style prompt: the same texts for all models. */
const barePrompts = ({ prompts, models }: EvaluationConfig) => prompts.map((prompt) => barePrompt(prompt, models[0]?.tokens ?? []));

/** The caption of each image. */
const captions = (config: EvaluationConfig) => barePrompts(config).flatMap((prompt) => new Array<string>(config.num_images).fill(prompt));

/** `blocks`: features by extractor, then by model. Diversity and nearness use the last extractor, whose features describe the content. */
function toMeasurements(blocks: MetricBlock[][], task: MeasureTask, tokens: TokenDisentanglementBody | null): Measurements {
  const own = blocks.at(-1) ?? [];
  const [judged] = own;
  if (!judged) throw new Error('an evaluation without metrics');
  const { diversity, memorisation } = judged;
  return {
    extractors: blocks.flatMap(([first]) => (first ? [extractorBody(first)] : [])),
    similarity_extractor: judged.extractor.name,
    reference_sha256: blocks[0]?.[0]?.referenceSha256 ?? null,
    token_disentanglement: tokens,
    overfitting: overfittingSigns({
      history: historyOf(task),
      diversity,
      memorisation,
      clip: clipOf(blocks, 0),
      base: baseEvidence(blocks, readSettings(evaluationConfig, task.config)),
    }).map((sign) => ({ ...sign })),
    models: own.map((block, index) => ({
      metrics: blocks.flatMap((ofExtractor) => (ofExtractor[index] ? metricBodies(ofExtractor[index]) : [])),
      warnings: blocks.flatMap((ofExtractor) => ofExtractor[index]?.warnings ?? []),
      diversity: block.diversity,
      memorised: block.memorisation && { count: block.memorisation.memorisedCount, share: block.memorisation.memorisedShare },
      nearest: (block.memorisation?.nearest ?? []).slice(0, NEAREST).map(({ secondDistance: _, ...pair }) => pair),
    })),
  };
}

const clipOf = (blocks: MetricBlock[][], model: number) =>
  blocks.flatMap((ofExtractor) => ofExtractor[model]?.values ?? []).find(({ metric }) => metric === 'clip') ?? null;

/** Measurements of the base model's images; null if the trained model is not compared with a base model. */
function baseEvidence(blocks: MetricBlock[][], { models }: EvaluationConfig) {
  const base = models.findIndex((model, index) => index > 0 && isBaseAlone(model));
  return base < 0 ? null : { clip: clipOf(blocks, base), diversity: blocks.at(-1)?.[base]?.diversity ?? null };
}

function extractorBody({ extractor: { name, dimension, resize, weightsSha256 } }: MetricBlock): Measurements['extractors'][number] {
  return { name, dimension, resize, weights_sha256: weightsSha256 };
}

function metricBodies({ extractor, realCount, generatedCount, seed, kidSubsets, values }: MetricBlock): ReportMetric[] {
  return values.map(({ metric, name, value, better, interval, standardDeviation, chance }) => ({
    metric,
    name,
    value,
    better,
    interval,
    standard_deviation: standardDeviation,
    extractor: extractor.name,
    generated: generatedCount,
    reference: metric === 'clip' ? null : realCount,
    seed,
    subsets: metric === 'kid' ? (kidSubsets?.subsets ?? null) : null,
    subset_size: metric === 'kid' ? (kidSubsets?.subsetSize ?? null) : null,
    chance,
  }));
}

/** The curve of early stopping; step 0 is the base model. */
function historyOf({ history }: MeasureTask): ValidationPoint[] {
  return history
    .filter(({ step }) => step > 0)
    .map(({ step, scores }) => {
      const found = (metric: string) => Object.entries(scores).find(([name]) => name.split('@')[0] === metric)?.[1];
      const [kid, clip] = [found('kid'), found('clip')];
      return { step, ...(kid !== undefined && { kid }), ...(clip !== undefined && { clip }) };
    });
}

async function tellTokensApart(
  extractor: FeatureExtractor,
  config: EvaluationConfig,
  { tokens, compile }: MeasureTask,
  parent: Parent,
): Promise<TokenDisentanglementBody | null> {
  if (tokens === null || !isSamplerName(config.sampler)) return null;
  const pipeline = await loadTextToImagePipeline(tokens.modelDirectory, compile);
  try {
    const { sampler, steps, guidance_scale: guidanceScale, negative_prompt: negativePrompt, seed, width, height } = config;
    return await measureTokens({
      extractor,
      pipeline,
      components: tokens.components,
      prompts: barePrompts(config).slice(0, TOKEN_PROMPTS),
      imagesPerPrompt: 1,
      sampling: { sampler, steps, guidanceScale, negativePrompt: givenText(negativePrompt), seed, width, height },
      signal: parent.signal,
    });
  } finally {
    await pipeline.release();
  }
}
