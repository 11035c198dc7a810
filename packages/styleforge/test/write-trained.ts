// Trains each method for a few steps at tiny size and writes what the model gives then: node --import tsx write-trained.ts FOLDER, for
// test/golden-methods/check-trained.py.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AdaptationConfig } from '@styleforge/contracts';
import { loadTextToImagePipeline } from '@styleforge/diffusion';
import { trainStyleForge } from '@styleforge/styleforge';
import { joinWithBase, writeSafetensors } from '@styleforge/weights';
import { tinyTraining, type TinyTraining } from './tiny-training.ts';
import { makeTinySdxlBaseModel } from '../../../test/integration/tiny-base-model.ts';

const [, , folder = 'trained'] = process.argv;
const prompt = 'a <zwx> s';
const matrices = { rank: 2, alpha: 4, targets: ['attention' as const], merged: true };
const rows = { vectors: 2, initial_word: 's', merged: true };

const cases: Record<string, { adaptation: AdaptationConfig; onlyXl?: boolean; trainsText?: boolean }> = {
  lora: { adaptation: { kind: 'lora', ...matrices } },
  'lora-everywhere': {
    adaptation: { kind: 'lora', ...matrices, rank: 3, targets: ['attention', 'feed_forward', 'projections', 'convolutions'] },
    trainsText: true,
  },
  'custom-diffusion': { adaptation: { kind: 'custom-diffusion', initial_word: 's', layers: 'cross_attention', merged: true } },
  'b-lora': { adaptation: { kind: 'lora', ...matrices, blocks: 'b-lora' }, onlyXl: true },
  'textual-inversion': { adaptation: { kind: 'textual-inversion', ...rows } },
  'pivotal-tuning': { adaptation: { kind: 'pivotal-tuning', ...matrices, ...rows } },
};

async function latentsOf(directory: string): Promise<{ start: Float32Array; final: Float32Array }> {
  const pipeline = await loadTextToImagePipeline(directory);
  const shape = [1, 4, 8, 8] as const;
  const start = Float32Array.from({ length: 256 }, (_, i) => Math.sin(i * 1.7) * 1.3);
  const texts = pipeline.components.tokenizers!;
  const encode = (text: string) => pipeline.encodeText(texts.map((tokenizer) => tokenizer.encode(text)));
  const negativePrompt = pipeline.negativeOf(undefined, await encode(''));
  const inputs = { latents: start, shape, prompts: [await encode(prompt)], negativePrompt };
  const final = await pipeline.denoise(inputs, { steps: 3, guidanceScale: 3, sampler: 'euler' });
  await pipeline.release();
  return { start, final };
}

/** transformers makes the token table as long as the vocabulary, so that the vocabulary must have a word for each row. */
async function withoutGaps(base: string): Promise<void> {
  for (const [encoder, tokenizer] of [
    ['text_encoder', 'tokenizer'],
    ['text_encoder_2', 'tokenizer_2'],
  ] as const) {
    const path = join(base, tokenizer, 'vocab.json');
    const config = await readFile(join(base, encoder, 'config.json'), 'utf8').catch(() => null);
    if (config === null) continue;
    const vocabulary = JSON.parse(await readFile(path, 'utf8')) as Record<string, number>;
    const used = new Set(Object.values(vocabulary));
    const { vocab_size: size } = JSON.parse(config) as { vocab_size: number };
    for (let id = 0; id < size; id++) if (!used.has(id)) vocabulary[`unused${id}`] = id;
    await writeFile(path, JSON.stringify(vocabulary));
  }
}

async function write(family: string, tiny: TinyTraining): Promise<void> {
  await withoutGaps(tiny.base);
  for (const [name, { adaptation, onlyXl, trainsText = false }] of Object.entries(cases)) {
    if (onlyXl && family !== 'sdxl') continue;
    const hyperparameters = { train_text_encoder: trainsText, learning_rate: 5e-2, max_train_steps: 3 };
    const given = tiny.options(name, { adaptation, hyperparameters: hyperparameters as never });
    const addsWord = adaptation.kind !== 'lora';
    const styleRef = given.styleRef.map((part) => ({
      ...part,
      ...(addsWord && { token: '<zwx>' }),
      prompt: `a photo of ${addsWord ? '<zwx>' : 'zwx'} style`,
    }));
    const { directory } = await trainStyleForge({ ...given, styleRef });
    await joinWithBase(directory, tiny.base);
    const target = join(folder, family, name);
    await mkdir(target, { recursive: true });
    const { start, final } = await latentsOf(directory);
    const entries = Object.entries({ start, final }).map(([key, data]) => ({ name: key, shape: [1, 4, 8, 8], data }));
    await writeSafetensors(join(target, 'latents.safetensors'), entries, { dtype: 'F32' });
    await writeFile(join(target, 'case.json'), JSON.stringify({ family, name, base: tiny.base, checkpoint: directory, prompt }));
    console.log(`${family} ${name}`);
  }
}

await write('sd', await tinyTraining());
await write('sdxl', await tinyTraining(makeTinySdxlBaseModel));
