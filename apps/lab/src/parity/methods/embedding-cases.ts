// Cases of kinds learned-embeds and custom-diffusion-files: the files of a run, written by the engine and read into a model.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  applyAdapters,
  componentOf,
  openTensors,
  TOKEN_TABLE,
  writeCustomDiffusion,
  writeLearnedRows,
  type DiffusersFolder,
  type TensorReader,
} from '@styleforge/weights';
import { relativeCase, worstCase, type CaseResult, type Pair } from '../case-result.ts';
import { type CaseInputs, type MethodCase, tensorsOf } from './method-case.ts';
import { filePairs } from './file-pairs.ts';

const tolerance = 1e-6;

async function tableOf(folder: DiffusersFolder, component: string): Promise<Float32Array> {
  const reader = await componentOf(folder, component).openWeights();
  return reader.read(TOKEN_TABLE).finally(() => reader.close());
}

/** The last rows of the model's token table, which the files have added. */
async function addedRows(checkpoint: DiffusersFolder, adapted: DiffusersFolder, component: string): Promise<Float32Array> {
  const [before, after] = [await tableOf(checkpoint, component), await tableOf(adapted, component)];
  return after.subarray(before.length);
}

async function inScratch<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'embedding-files-'));
  return work(directory).finally(() => rm(directory, { recursive: true }));
}

async function comparedWith(theirs: TensorReader, path: string): Promise<Pair[]> {
  const ours = await openTensors(path);
  return filePairs(ours, theirs).finally(() => ours.close());
}

export async function* learnedEmbedsCases({ folder, name, methods }: CaseInputs): AsyncGenerator<CaseResult> {
  const { checkpoint, placeholder, rows, files } = methods.cases[name] as MethodCase & {
    readonly placeholder: string;
    readonly files: readonly { readonly file: string; readonly component: string }[];
  };
  const { prefix, file: runFile } = tensorsOf(rows);
  const run = await folder.tensors(runFile);
  for (const { file, component } of files) {
    const trained = `${prefix}${component}.new_rows`;
    const values = await run.read(trained);
    const [vectors] = run.info(trained).shape;
    const pairs = await inScratch(async (directory) => {
      const path = join(directory, 'learned_embeds.safetensors');
      await writeLearnedRows(path, { token: placeholder, rows: values, vectors });
      return comparedWith(await folder.tensors(file), path);
    });
    yield worstCase(`${name}.${component}.written`, pairs, tolerance);
    const base = await folder.checkpoint(checkpoint);
    const applied = await addedRows(base, await applyAdapters(base, [{ path: folder.path(file), strength: 1 }]), component);
    yield relativeCase(`${name}.${component}.applied`, applied, values, tolerance);
  }
}

export async function* customDiffusionFilesCases({ folder, name, methods }: CaseInputs): AsyncGenerator<CaseResult> {
  const { checkpoint, weights, files } = methods.cases[name] as MethodCase & { readonly files: readonly { readonly file: string }[] };
  const { prefix, file: runFile } = tensorsOf(weights);
  const run = await folder.tensors(runFile);
  const matrices = run.names().filter((tensor) => tensor.startsWith(`${prefix}unet.`));
  const trained = await Promise.all(
    matrices.map(async (tensor) => ({
      name: tensor.slice(`${prefix}unet.`.length),
      shape: run.info(tensor).shape,
      data: await run.read(tensor),
    })),
  );
  const pairs = await inScratch(async (directory) => {
    const path = join(directory, 'custom.safetensors');
    await writeCustomDiffusion(path, trained);
    return comparedWith(await folder.tensors(files[0].file), path);
  });
  yield worstCase(`${name}.written`, pairs, tolerance);
  const base = await folder.checkpoint(checkpoint);
  const adapted = await applyAdapters(
    base,
    files.map(({ file }) => ({ path: folder.path(file), strength: 1 })),
  );
  const unet = await componentOf(adapted, 'unet').openWeights();
  const applied = await Promise.all(
    trained.map(async ({ name: tensor, data }) => ({ name: tensor, ours: await unet.read(tensor), theirs: data })),
  );
  await unet.close();
  yield worstCase(`${name}.applied`, applied, tolerance);
  // the rows of all words, in the order of their files
  for (const { name: encoder } of base.components.filter(({ network }) => network === 'text-encoder')) {
    const rows = `${prefix}${encoder}.new_rows`;
    if (!run.has(rows)) continue;
    const label = encoder === 'text_encoder' ? `${name}.token` : `${name}.token.${encoder}`;
    yield relativeCase(label, await addedRows(base, adapted, encoder), await run.read(rows), tolerance);
  }
}
