// Cases of kinds lora-files and lora-merged: files of all layouts applied to the checkpoint, and the engine's files compared with the
// reference's.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Graph } from '@styleforge/autodiff';
import { modelOfFolder } from '@styleforge/diffusion';
import {
  applyAdapters,
  componentOf,
  currentTextEncoderName,
  kohyaBase,
  openTensors,
  writeDiffusersLora,
  writeKohyaLora,
  type DiffusersFolder,
  type LoraLayer,
  type TensorReader,
} from '@styleforge/weights';
import { relativeCase, worstCase, type CaseResult } from '../case-result.ts';
import { evaluate } from '../evaluate.ts';
import { filePairs } from './file-pairs.ts';
import { splitKey } from '@styleforge/model-files';
import { type CaseInputs, type MethodCase, tensorsOf } from './method-case.ts';
import { denoiserOf, encodeTexts, imagesOf, joinedContext, textTokens } from './reference-inputs.ts';

const tolerance = 2e-5;

interface FilesCase extends MethodCase {
  readonly alpha: number;
  /** `initial.* of FILE` */
  readonly matrices: string;
  readonly files: readonly { readonly file: string; readonly layout: 'diffusers' | 'kohya'; readonly alpha: string }[];
}

/** Outputs of the checkpoint with its adapters, by the reference's names. */
async function forward(folder: DiffusersFolder, reference: TensorReader, endId: number): Promise<Record<string, Float32Array>> {
  const conditions = await encodeTexts(folder, reference, endId);
  const model = modelOfFolder(folder);
  const graph = new Graph();
  const { shape } = reference.info('sample');
  const same = (name: string): string => name;
  const out = denoiserOf(graph, model, shape, textTokens(reference, same));
  const weights = await componentOf(folder, 'unet').openWeights();
  const results = await evaluate(graph, { out }, weights, {
    sample: await reference.read('sample'),
    ...model.sampleFeeds(await reference.read('timesteps'), await imagesOf(reference, same)),
    ...conditions,
  });
  await weights.close();
  const [rows, tokens] = reference.info('input_ids').shape;
  const { pooled_text: pooled } = conditions;
  return { context: joinedContext(model, conditions, rows * tokens), ...(pooled && { pooled }), out: results.out };
}

/** The merged case with the same matrices as a case of files. */
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
  for (const [name, ours] of Object.entries(await forward(adapted, reference, inputs.methods.end_id)))
    yield relativeCase(`${label}.${name}`, ours, await reference.read(name), tolerance);
}

/** The merged model from the first file of the same matrices. */
export async function* loraMergedCases(inputs: CaseInputs): AsyncGenerator<CaseResult> {
  const { files } = partner(inputs, 'lora-files') as FilesCase;
  yield* appliedCases(inputs, inputs.name, inputs.folder.path(files[0].file), inputs.methods.cases[inputs.name]);
}

/** diffusers has two names for the matrices of some layers. */
function meaningOf(name: string): string {
  const key = splitKey(name);
  return key ? `${key.stem} ${key.role}` : name;
}

/** The reference run's matrices in the layout of the training. */
async function layersOfRun(reference: TensorReader, prefix: string, { alpha }: FilesCase): Promise<LoraLayer[]> {
  const ending = '.lora_A.weight';
  const stored = reference.names().filter((name) => name.startsWith(prefix) && name.endsWith(ending));
  return Promise.all(
    stored.map(async (name) => {
      const [, component, path] = /^([^.]+)\.(.*)\.lora_A\.weight$/.exec(name.slice(prefix.length))!;
      const up = name.replace(ending, '.lora_B.weight');
      const [rank] = reference.info(name).shape;
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
  const { prefix, file: run } = tensorsOf(files.matrices);
  const layers = await layersOfRun(await folder.tensors(run), prefix, files);
  const checkpoint = await folder.checkpoint(files.checkpoint);
  const base = await kohyaBase(checkpoint);
  const scratch = await mkdtemp(join(tmpdir(), 'lora-files-'));
  try {
    for (const layout of ['diffusers', 'kohya'] as const) {
      const path = join(scratch, `${layout}.safetensors`);
      await (layout === 'diffusers' ? writeDiffusersLora(path, layers) : writeKohyaLora(path, layers, base));
      const theirs = files.files.find((candidate) => candidate.layout === layout && !candidate.alpha.includes('metadata'))!;
      const [ours, reference] = [await openTensors(path), await folder.tensors(theirs.file)];
      yield worstCase(`${name}.written.${layout}`, await filePairs(ours, reference, meaningOf), 1e-6);
      await ours.close();
    }
  } finally {
    await rm(scratch, { recursive: true });
  }
}
