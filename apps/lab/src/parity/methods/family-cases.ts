// Cases of kinds forward, sample and single-file: a checkpoint of any family, stage by stage, as an image, and as one file.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Graph, type Tensor } from '@styleforge/autodiff';
import {
  adaptModels,
  type Conditions,
  isSamplerName,
  loadTextToImagePipeline,
  modelOfFolder,
  type TextToImagePipeline,
} from '@styleforge/diffusion';
import { componentOf, openTensors, readDiffusersFolder, unpackSingleFile, writeSingleFile, type TensorReader } from '@styleforge/weights';
import { relativeCase, worstCase, type CaseResult } from '../case-result.ts';
import { evaluate } from '../evaluate.ts';
import { filePairs } from './file-pairs.ts';
import { type CaseInputs, type MethodCase, type Methods } from './method-case.ts';
import { denoiserOf, encodeTexts, imagesOf, textTokens } from './reference-inputs.ts';

const tolerances = { forward: 2e-5, sampler: 1e-4, image: 1e-3, sum: 1e-6 };
const same = (name: string): string => name;

/** Every stage of the reference: states of each encoder, pooled text, the addition to the time embedding, the prediction. */
export async function* forwardCases({ folder, name, methods }: CaseInputs): AsyncGenerator<CaseResult> {
  const { checkpoint: folderName, file, outputs } = methods.cases[name] as MethodCase & { readonly outputs: readonly string[] };
  const [checkpoint, reference] = [await folder.checkpoint(folderName), await folder.tensors(file)];
  const model = modelOfFolder(checkpoint);
  const conditions = await encodeTexts(checkpoint, reference, methods.end_id);
  const graph = new Graph();
  const stages: Record<string, Tensor> = {};
  adaptModels(graph, {
    layer: (_, { name: layer, input, output }) => {
      if (layer === 'add_embedding.linear_1') stages.added_in = input;
      if (layer === 'add_embedding.linear_2') stages.added_out = output;
      return output;
    },
  });
  stages.out = denoiserOf(graph, model, reference.info('sample').shape, textTokens(reference, same));
  const weights = await componentOf(checkpoint, 'unet').openWeights();
  const found = await evaluate(graph, stages, weights, {
    sample: await reference.read('sample'),
    ...model.sampleFeeds(await reference.read('timesteps'), await imagesOf(reference, same)),
    ...conditions,
  }).finally(() => weights.close());
  const states = model.textEncoders.map((encoder, i) => [`hidden_${i + 1}`, conditions[Object.keys(encoder.conditionShapes(1))[0]]]);
  const ours: Record<string, Float32Array> = { ...found, ...Object.fromEntries(states), pooled: conditions.pooled_text };
  for (const output of outputs) yield relativeCase(`${name}.${output}`, ours[output], await reference.read(output), tolerances.forward);
}

interface SampleCase extends MethodCase {
  readonly sampler: string;
  readonly steps: number;
  readonly guidance_scale: number;
}

/** Conditions of each text. */
const rowsOf = (conditions: Readonly<Record<string, Float32Array>>, rows: number): Conditions[] =>
  Array.from({ length: rows }, (_, i) =>
    Object.fromEntries(
      Object.entries(conditions).map(([name, values]) => {
        const width = values.length / rows;
        return [name, values.slice(i * width, (i + 1) * width)];
      }),
    ),
  );

/** Token ids of the empty text: the first tokenizer pads with the end token, others with 0. */
const emptyText = async (pipeline: TextToImagePipeline, { begin_id: begin, end_id: end }: Methods, tokens: number): Promise<Conditions> =>
  pipeline.encodeText(
    pipeline.components.model.textEncoders.map((_, i) =>
      Int32Array.from({ length: tokens }, (_id, at) => [begin, end][at] ?? (i === 0 ? end : 0)),
    ),
  );

const appended = (parts: readonly Float32Array[]): Float32Array => Float32Array.from(parts.flatMap((part) => [...part]));

/** Cases from noise to an image, including the latents of every step. Each image has its own text and sizes, and no negative prompt. */
export async function* sampleCases({ folder, name, methods }: CaseInputs): AsyncGenerator<CaseResult> {
  const { checkpoint, file, sampler, steps, guidance_scale: guidanceScale } = methods.cases[name] as SampleCase;
  if (!isSamplerName(sampler)) throw new Error(`the sampler ${sampler} is not known here`);
  const reference = await folder.tensors(file);
  const pipeline = await loadTextToImagePipeline(folder.path(checkpoint));
  try {
    const [count, channels, height, width] = reference.info('latents').shape;
    const [texts, tokens] = reference.info('input_ids').shape;
    const prompts = rowsOf(await encodeTexts(await folder.checkpoint(checkpoint), reference, methods.end_id), texts);
    const [images, start] = [await imagesOf(reference, same), await reference.read('latents')];
    const negativePrompt = pipeline.negativeOf(undefined, await emptyText(pipeline, methods, tokens));
    const after: Float32Array[][] = [];
    const latents: Float32Array[] = [];
    for (let i = 0; i < count; i++) {
      const own = start.subarray((i * start.length) / count, ((i + 1) * start.length) / count);
      const image = images[i] ?? images[0];
      latents.push(
        await pipeline.denoise(
          { latents: own, shape: [1, channels, height, width], prompts: [prompts[i] ?? prompts[0]], negativePrompt, image },
          { steps, guidanceScale, sampler, onStep: (step, _of, reached) => void (after[step - 1] ??= []).push(reached) },
        ),
      );
    }
    for (const [step, reached] of after.entries())
      yield relativeCase(`${name}.after.${step}`, appended(reached), await reference.read(`after.${step}`), tolerances.sampler);
    yield relativeCase(`${name}.final_latents`, appended(latents), await reference.read('final_latents'), tolerances.sampler);
    const pixels = await pipeline.decode(appended(latents), [count, channels, height, width]);
    yield relativeCase(`${name}.image`, pixels, await reference.read('image'), tolerances.image);
  } finally {
    await pipeline.release();
  }
}

interface StoredTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly weighted_sum: number;
}

/** Sum over i from 1 to n of value[i] * i / n: shows a wrong order or a missing transposition. */
const weightedSum = (values: Float32Array): number => values.reduce((sum, value, i) => sum + (value * (i + 1)) / values.length, 0);

async function sumsCase(name: string, written: TensorReader, stored: readonly StoredTensor[]): Promise<CaseResult> {
  const [ours, theirs] = [written.names().sort(), stored.map((tensor) => tensor.name).sort()];
  const different = theirs.find((tensor) => !ours.includes(tensor)) ?? ours.find((tensor) => !theirs.includes(tensor));
  if (different !== undefined) throw new Error(`only one of both files holds '${different}'`);
  const pairs = await Promise.all(
    stored.map(async ({ name: tensor, shape, weighted_sum: sum }) => {
      if (written.info(tensor).shape.join() !== shape.join()) throw new Error(`'${tensor}' has another shape`);
      return { name: tensor, ours: [weightedSum(await written.read(tensor))], theirs: [sum] };
    }),
  );
  return worstCase(name, pairs, tolerances.sum);
}

/** Compares the written file with the reference's names and sums, and the folder made from it with the checkpoint. */
export async function* singleFileCases({ folder, name, methods }: CaseInputs): AsyncGenerator<CaseResult> {
  const { checkpoint: folderName, file } = methods.cases[name];
  const { tensors } = await folder.json<{ tensors: StoredTensor[] }>(file);
  const scratch = await mkdtemp(join(tmpdir(), 'single-file-'));
  try {
    const path = join(scratch, 'model.safetensors');
    await writeSingleFile(path, folder.path(folderName), { dtype: 'F32' });
    const written = await openTensors(path);
    yield await sumsCase(`${name}.written`, written, tensors).finally(() => written.close());
    const checkpoint = await folder.checkpoint(folderName);
    const { modelIndex, schedulerConfig, components } = checkpoint;
    const configs = Object.fromEntries(components.map((component) => [component.name, component.config]));
    await unpackSingleFile(path, join(scratch, 'folder'), { configs, modelIndex, schedulerConfig, tokenizers: {} }, { dtype: 'F32' });
    const again = await readDiffusersFolder(join(scratch, 'folder'));
    for (const { name: component, openWeights } of components) {
      const [ours, theirs] = [await componentOf(again, component).openWeights(), await openWeights()];
      yield worstCase(`${name}.read.${component}`, await filePairs(ours, theirs), 0);
      await Promise.all([ours.close(), theirs.close()]);
    }
  } finally {
    await rm(scratch, { recursive: true });
  }
}
