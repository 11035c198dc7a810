// The documented way of a first real model (docs/stable-diffusion.md), narrow but with the true layers, vocabulary and positions:
// a folder or a single file of Stable Diffusion 1.x or 2.x is added, trained, generates and is exported.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SafetensorsReader } from '@styleforge/weights';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stableDiffusion1, stableDiffusion2 } from '../src/base-models/layouts.ts';
import { widthsOf, type Widths } from '../src/base-models/single-file-widths.ts';
import { firstModel } from '../src/bench/first-use/first-model.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'styleforge-first-model-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const narrow: Widths = {
  unet: [32, 64, 64, 64],
  input: 4,
  context: 64,
  vae: [32, 32, 32, 32],
  text: { hidden: 64, intermediate: 128, vocabulary: 49408 },
};

it.each([
  { generation: '1.x', source: 'single file', asked: undefined, predicts: 'epsilon' },
  { generation: '2.x', source: 'single file', asked: 'v_prediction', predicts: 'v_prediction' },
  { generation: '1.x', source: 'folder', asked: 'v_prediction', predicts: 'v_prediction' },
] as const)(
  'Stable Diffusion $generation as a $source, asked for $asked: 77 ids, predicts $predicts',
  async ({ generation, source, asked, predicts }) => {
    const scratch = await mkdtemp(join(root, 'model-'));
    const layout = generation === '1.x' ? stableDiffusion1('epsilon', narrow) : await stableDiffusion2('epsilon', scratch, narrow);
    const made = await firstModel({ layout, source, ...(asked && { predictionType: asked }), steps: 1, resolution: 64, scratch });
    expect(made).toMatchObject({ tokens: 77, predictionType: predicts });
    expect(made.losses).toHaveLength(1);
    expect(made.losses[0]).toBeGreaterThan(0);
    expect(Buffer.compare(made.images[0]!, made.images[1]!)).not.toBe(0);
    expect(await widthsOf(made.singleFile)).toEqual(narrow);
    const exported = await SafetensorsReader.open(made.singleFile);
    expect(exported.has('cond_stage_model.model.positional_embedding')).toBe(generation === '2.x');
    await exported.close();
  },
  600_000,
);
