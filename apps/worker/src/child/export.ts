// Makes one file of a checkpoint: a whole model, a LoRA, embeddings, or an archive of the adaptation's own files.
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isWholeModel } from '@styleforge/contracts';
import { writeMerged } from '@styleforge/styleforge';
import {
  adapterFiles,
  extractLora,
  kohyaBase,
  readDiffusersFolder,
  singleFileObstacle,
  writeDiffusersLora,
  writeKohyaLora,
  writeSingleFile,
} from '@styleforge/weights';
import { JobInputError } from '../errors.ts';
import type { ExportTask, MessageFromChild } from '../processes/messages.ts';
import { writeZip } from './write-zip.ts';

interface Exported {
  path: string;
  keptShare: number | null;
}

export async function exportCheckpoint(task: ExportTask): Promise<MessageFromChild> {
  await mkdir(task.out, { recursive: true });
  return { type: 'result', exported: await make(task) };
}

async function make(task: ExportTask): Promise<Exported> {
  const whole = (path: Promise<string>): Promise<Exported> => path.then((made) => ({ path: made, keptShare: null }));
  switch (task.format) {
    case 'single-file':
      return whole(singleFile(task));
    case 'diffusers-zip':
      return whole(zippedModel(task));
    case 'lora-diffusers':
    case 'lora-kohya':
      return extracted(task);
    case 'embedding-diffusers':
      return whole(zipped(task, (path) => /^learned_embeds(?:-\d+)?\.safetensors$/.test(path)));
    case 'embedding-a1111':
      return whole(zipped(task, (path) => path.startsWith('a1111/')));
    case 'adapter-zip':
      return whole(zipped(task, () => true));
  }
}

/** One file in half precision, in the key layout of the original Stable Diffusion. */
async function singleFile(task: ExportTask): Promise<string> {
  const path = join(task.out, 'model.safetensors');
  const folder = isWholeModel(task.adaptation) ? task.directory : await mergedModel(task);
  const obstacle = await singleFileObstacle(folder);
  if (obstacle !== null)
    throw new JobInputError(`This model cannot be written as a single file: ${obstacle}. Download diffusers-zip instead`);
  await writeSingleFile(path, folder);
  return path;
}

async function zippedModel(task: ExportTask): Promise<string> {
  const folder = await mergedModel(task);
  const files = (await filesBelow(folder)).filter((path) => !path.startsWith('single-file/'));
  return writeZip(join(task.out, 'model.zip'), folder, files);
}

/** The base model with the adaptation merged in, in half precision; a full fine-tune is its own base. */
async function mergedModel({ adaptation, directory, base, out }: ExportTask): Promise<string> {
  const folder = join(out, 'merged');
  if (isWholeModel(adaptation)) await writeMerged(folder, directory, []);
  else
    await writeMerged(
      folder,
      needed(base),
      (await adapterFiles(directory)).map((path) => ({ path, strength: 1 })),
    );
  return folder;
}

async function extracted({ directory, base, out, rank, format }: ExportTask): Promise<Exported> {
  const folders = [await readDiffusersFolder(needed(base)), await readDiffusersFolder(directory)] as const;
  const { layers, keptShare } = await extractLora(...folders, { rank });
  if (layers.length === 0)
    throw new JobInputError('The checkpoint does not differ from its base model in any layer: there is nothing to extract');
  const path = join(out, 'lora.safetensors');
  if (format === 'lora-diffusers') await writeDiffusersLora(path, layers);
  else await writeKohyaLora(path, layers, await kohyaBase(folders[0]));
  return { path, keptShare };
}

async function zipped({ directory, out }: ExportTask, includes: (path: string) => boolean): Promise<string> {
  const files = (await filesBelow(directory)).filter(includes);
  if (files.length === 0) throw new JobInputError('The checkpoint has no such files');
  return writeZip(join(out, 'files.zip'), directory, files);
}

function needed(base: string | null): string {
  if (base === null) throw new Error('an adaptation needs its base model');
  return base;
}

async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.map((path) => path.slice(directory.length + 1).replaceAll('\\', '/')).sort();
}
