// Turns a full fine-tune into a LoRA: npm run extract-lora -- BASE TUNED OUT --rank 16
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { extractLora, kohyaBase, readDiffusersFolder, writeDiffusersLora, writeKohyaLora } from '@styleforge/weights';
import { readCommandLine, refuseCall } from '../command-line.ts';

const PROGRAM = {
  usage: 'npm run extract-lora -- BASE TUNED OUT',
  about:
    'Writes the changes of a full fine-tune as a LoRA, in the layouts of diffusers and kohya, and prints which ' +
    'share of the change it keeps. BASE and TUNED are diffusers folders of the same model.',
  allowPositionals: true,
  options: {
    rank: { type: 'string', default: '16', help: 'rank of the LoRA: a higher rank keeps more of the change, in a larger file' },
  },
} as const;

async function main(): Promise<void> {
  const {
    values,
    positionals: [base, tuned, out],
  } = readCommandLine(PROGRAM);
  const rank = Number(values.rank);
  if (base === undefined || tuned === undefined || out === undefined)
    refuseCall(PROGRAM, 'name the base model, the fine-tune and a folder');
  if (!Number.isInteger(rank) || rank < 1) refuseCall(PROGRAM, `--rank ${String(values.rank)}: must be a whole number from 1`);
  const folders = [await readDiffusersFolder(resolve(base)), await readDiffusersFolder(resolve(tuned))] as const;
  const { layers, keptShare } = await extractLora(...folders, { rank });
  if (layers.length === 0) throw new Error(`${tuned} and ${base} do not differ in any layer: there is nothing to extract`);
  await mkdir(join(out, 'kohya'), { recursive: true });
  await writeDiffusersLora(join(out, 'pytorch_lora_weights.safetensors'), layers);
  await writeKohyaLora(join(out, 'kohya', 'lora.safetensors'), layers, await kohyaBase(folders[0]));
  console.log(JSON.stringify({ layers: layers.length, rank, kept_share: keptShare }));
}

await main();
