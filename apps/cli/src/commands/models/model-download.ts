// `styleforge models download`: one file of a model, in the format that another program reads.
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { EXPORT_FORMATS } from '@styleforge/contracts';
import type { CheckpointExport, Download, ExportFormat, ModelVersion, StyleForge } from '@styleforge/sdk';
import { Option } from 'commander';
import type { Command } from 'commander';
import { UsageError } from '../../exit-codes.ts';
import { formatBytes } from '../../terminal/output.ts';
import { addVerb, numberOf } from '../../verb.ts';

type Options = { format?: ExportFormat; rank?: number; out?: string };

export function addModelDownload(models: Command): void {
  addVerb(models, {
    usage: 'download <model>',
    description:
      'Download a model as one file, for ComfyUI and A1111 (single-file, lora-kohya) or diffusers; the service ' +
      'makes the file if it does not exist yet',
    examples: [
      'styleforge models download ink',
      'styleforge models download ink@2 --format single-file -o ink.safetensors',
      'styleforge models download job_... --format lora-kohya --rank 32',
    ],
    options: (command) =>
      void command
        .addOption(new Option('--format <format>', 'default: the first format that fits the model').choices(EXPORT_FORMATS))
        .addOption(
          new Option('--rank <number>', 'rank of a LoRA that is extracted from a full fine-tune').argParser((text) =>
            numberOf('--rank', text),
          ),
        )
        .option('-o, --out <file>', 'file or folder to save to; in a folder, the service chooses the file name'),
    async run({ client, output }, { format, rank, out }: Options, model: string) {
      const api = client();
      const found = await findModel(api, model);
      if (typeof found !== 'string') {
        if (format !== undefined || rank !== undefined)
          throw new UsageError(`${found.reference} was uploaded: omit --format and --rank to get the file as it was sent`);
        const file = await save(await api.models.downloadVersion(found.model, found.version), out);
        const { size } = await stat(file);
        output.result({ file, version: found.version, size_bytes: size }, () => output.line(`${file}  ${formatBytes(size)}`));
        return;
      }
      const checkpoint = await api.checkpoints.get(found);
      const [fitting] = checkpoint.formats;
      const chosen = format ?? fitting?.format ?? 'single-file';
      const download = await api.checkpoints.download(
        checkpoint.id,
        { format: chosen, ...(rank !== undefined && { rank }) },
        { onProgress: (progress) => output.note(stateOf(progress)) },
      );
      const file = await save(download, out);
      const { size } = await stat(file);
      const body = { file, format: chosen, checkpoint_id: checkpoint.id, size_bytes: size };
      output.result(body, () => output.line(`${file}  ${formatBytes(size)}`));
    },
  });
}

const stateOf = ({ status, progress }: CheckpointExport): string =>
  progress === null ? `the file is ${status}` : `${progress.phase}, ${progress.done} of ${progress.of}`;

/** Resolves a model, `MODEL@VERSION`, `MODEL@ALIAS`, job or checkpoint to its checkpoint; an uploaded version resolves to itself. */
async function findModel(client: StyleForge, model: string): Promise<string | ModelVersion> {
  if (model.startsWith('ckpt_')) return model;
  if (model.startsWith('job_')) {
    const { result, status } = await client.trainingJobs.get(model);
    if (result) return result.checkpoint_id;
    const last = (await client.trainingJobs.checkpoints(model)).at(-1);
    if (last) return last.id;
    throw new UsageError(`${model} is ${status} and has saved no checkpoint yet`);
  }
  const [name = '', wanted = 'latest'] = model.split('@');
  const { latest, aliases } = await client.models.get(name);
  if (wanted === 'latest') {
    if (latest) return latest.checkpoint_id ?? latest;
    throw new UsageError(`${name} has no version`);
  }
  const version = aliases[wanted] ?? Number(wanted);
  if (!Number.isInteger(version)) throw new UsageError(`${name} has no alias ${wanted}`);
  const found = await client.models.getVersion(name, version);
  return found.checkpoint_id ?? found;
}

/** Saves the whole file or nothing: writes to a temporary file first. */
async function save({ response, fileName }: Download, out = '.'): Promise<string> {
  const isFolder =
    out.endsWith('/') ||
    (await stat(out).then(
      (found) => found.isDirectory(),
      () => false,
    ));
  const file = isFolder ? path.join(out, fileName) : out;
  await mkdir(path.dirname(file), { recursive: true });
  const partial = `${file}.part`;
  try {
    await pipeline(Readable.fromWeb(response.body as ReadableStream), createWriteStream(partial));
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  return file;
}
