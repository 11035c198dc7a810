// Cases of kinds lora-files and lora-merged: files of all layouts applied to the checkpoint, and our own files beside the reference's.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Graph } from '@styleforge/autodiff';
import { parseUNet2DConditionConfig, timestepEmbedding, UNet2DConditionModel } from '@styleforge/diffusion';
import {
  applyAdapters,
  currentTextEncoderName,
  kohyaBase,
  layersOf,
  openTensors,
  writeDiffusersLora,
  writeKohyaLora,
  type DiffusersFolder,
  type LoraLayer,
  type TensorReader,
} from '@styleforge/weights';
import { relativeCase, worstCase, type CaseResult } from '../case-result.ts';
import { evaluate } from '../evaluate.ts';
import { readIds } from '../reference-folder.ts';
import { encodeText } from './encode-text.ts';
import { filePairs } from './file-pairs.ts';
import { type CaseInputs, type MethodCase } from './method-case.ts';

const tolerance = 2e-5;

interface FilesCase extends MethodCase {
  readonly rank: number;
  readonly alpha: number;
  /** `initial.* of FILE` */
  readonly matrices: string;
  readonly files: readonly { readonly file: string; readonly layout: 'diffusers' | 'kohya'; readonly alpha: string }[];
}

/** Context and output of the checkpoint with its adapters. */
async function forward(folder: DiffusersFolder, reference: TensorReader): Promise<{ context: Float32Array; out: Float32Array }> {
  const context = await encodeText(folder, await readIds(reference, 'input_ids'), reference.info('input_ids').shape);
  const graph = new Graph();
  const config = parseUNet2DConditionConfig(folder.unet.config);
  const { shape } = reference.info('sample');
  const out = new UNet2DConditionModel(config).forward(graph, {
    sample: graph.input('sample', shape),
    timestepEmbedding: graph.input('timestep_embedding', [shape[0], config.block_out_channels[0]]),
    encoderHiddenStates: graph.input('encoder_hidden_states', reference.info('context').shape),
  });
  const weights = await folder.unet.openWeights();
  const results = await evaluate(graph, { out }, weights, {
    sample: await reference.read('sample'),
    timestep_embedding: timestepEmbedding(await reference.read('timesteps'), config),
    encoder_hidden_states: context,
  });
  await weights.close();
  return { context, out: results.out };
}

/** The merged case that goes with a case of files: the same matrices. */
function partner(inputs: CaseInputs, kind: string): MethodCase {
  const { matrices } = inputs.methods.cases[inputs.name];
  const found = Object.values(inputs.methods.cases).find((other) => other.kind === kind && other.matrices === matrices);
  if (!found) throw new Error(`there is no case of kind ${kind} with ${String(matrices)}`);
  return found;
}

async function* appliedCases(inputs: CaseInputs, label: string, path: string, merged: MethodCase): AsyncGenerator<CaseResult> {
  const { folder } = inputs;
  const reference = await folder.tensors(merged.file);
  const checkpoint = await folder.checkpoint(merged.checkpoint);
  const adapted = await applyAdapters(checkpoint, [{ path, strength: merged.strength as number }]);
  const { context, out } = await forward(adapted, reference);
  yield relativeCase(`${label}.context`, context, await reference.read('context'), tolerance);
  yield relativeCase(`${label}.out`, out, await reference.read('out'), tolerance);
}

/** The merged model from the first file of the same matrices. */
export async function* loraMergedCases(inputs: CaseInputs): AsyncGenerator<CaseResult> {
  const { files } = partner(inputs, 'lora-files') as FilesCase;
  yield* appliedCases(inputs, inputs.name, inputs.folder.path(files[0].file), inputs.methods.cases[inputs.name]);
}

/** The reference run's matrices, as training has them. */
async function layersOfRun(reference: TensorReader, { rank, alpha }: FilesCase): Promise<LoraLayer[]> {
  const ending = '.lora_A.weight';
  const stored = reference.names().filter((name) => name.startsWith('initial.') && name.endsWith(ending));
  return Promise.all(
    stored.map(async (name) => {
      const [, component, path] = /^initial\.([^.]+)\.(.*)\.lora_A\.weight$/.exec(name)!;
      const up = name.replace(ending, '.lora_B.weight');
      return {
        component,
        module: component.startsWith('text_encoder') ? currentTextEncoderName(path)! : path,
        rank,
        scale: alpha / rank,
        down: await reference.read(name),
        downShape: reference.info(name).shape,
        up: await reference.read(up),
        upShape: reference.info(up).shape,
      };
    }),
  );
}

export async function* loraFilesCases(inputs: CaseInputs): AsyncGenerator<CaseResult> {
  const { folder, name, methods } = inputs;
  const files = methods.cases[name] as FilesCase;
  const merged = partner(inputs, 'lora-merged');
  for (const { file, layout, alpha } of files.files) yield* appliedCases(inputs, `${name}.${layout} (${alpha})`, folder.path(file), merged);
  const layers = await layersOfRun(await folder.tensors(files.matrices.replace('initial.* of ', '')), files);
  const checkpoint = await folder.checkpoint(files.checkpoint);
  const base = kohyaBase(await layersOf(checkpoint), checkpoint.textEncoder.config.hidden_size as number);
  const scratch = await mkdtemp(join(tmpdir(), 'lora-files-'));
  try {
    for (const layout of ['diffusers', 'kohya'] as const) {
      const path = join(scratch, `${layout}.safetensors`);
      await (layout === 'diffusers' ? writeDiffusersLora(path, layers) : writeKohyaLora(path, layers, base));
      const theirs = files.files.find((candidate) => candidate.layout === layout && !candidate.alpha.includes('metadata'))!;
      const [ours, reference] = [await openTensors(path), await folder.tensors(theirs.file)];
      yield worstCase(`${name}.written.${layout}`, await filePairs(ours, reference), 1e-6);
      await ours.close();
    }
  } finally {
    await rm(scratch, { recursive: true });
  }
}
