// LoRA files of every layout for one model, and the extraction of a LoRA from the difference of two models.
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspectAdapter } from '@styleforge/model-files';
import {
  applyAdapters,
  extractLora,
  layersOf,
  openTensors,
  readDiffusersFolder,
  readLora,
  writeDiffusersFolder,
  writeDiffusersLora,
  writeSafetensors,
  type DiffusersFolder,
  type TensorEntry,
} from '@styleforge/weights';
import { afterAll, beforeAll, expect, it } from 'vitest';

const golden = fileURLToPath(new URL('../../../test/golden-methods', import.meta.url));
let scratch: string;
let base: DiffusersFolder;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'adaptations-'));
  base = await readDiffusersFolder(join(golden, 'tiny-sd'));
});
afterAll(() => rm(scratch, { recursive: true }));

async function layersIn(path: string) {
  const reader = await openTensors(path);
  try {
    const layers = await readLora(reader, path, await layersOf(base));
    return layers.sort((a, b) => (a.component + a.module < b.component + b.module ? -1 : 1));
  } finally {
    await reader.close();
  }
}

/** The same LoRA under other names. */
async function renamed(name: string, rename: (key: string) => string): Promise<string> {
  const reader = await openTensors(join(golden, 'lora', 'pytorch_lora_weights.safetensors'));
  const entries: TensorEntry[] = [];
  for (const key of reader.names()) entries.push({ name: rename(key), shape: reader.info(key).shape, data: await reader.read(key) });
  await reader.close();
  const path = join(scratch, name);
  await writeSafetensors(path, entries);
  return path;
}

it.each<[string, (key: string) => string]>([
  [
    'peft',
    (key) => key.replace(/\.(?:lora_linear_layer|lora)\.(down|up)\./, (_, role: string) => (role === 'down' ? '.lora_A.' : '.lora_B.')),
  ],
  ['without text_model', (key) => key.replace('text_encoder.text_model.', 'text_encoder.')],
  [
    'processors of diffusers before 0.20',
    (key) => key.replace(/\.(to_q|to_k|to_v|to_out)(?:\.0)?\.lora\.(down|up)\.weight$/, '.processor.$1_lora.$2.weight'),
  ],
  [
    'text encoders of diffusers before 0.17',
    (key) => key.replace(/\.(q|k|v|out)_proj\.lora_linear_layer\.(down|up)\.weight$/, '.to_$1_lora.$2.weight'),
  ],
  [
    'kohya with a number for the only text encoder',
    (key) => {
      const [, module = '', role = ''] = /^(.*)\.(?:lora_linear_layer|lora)\.(down|up)\.weight$/.exec(key) ?? [];
      const stem = module.replace(/^text_encoder\./, 'te1.').replaceAll('.', '_');
      return `lora_${stem}.lora_${role}.weight`;
    },
  ],
  [
    'peft, each component as a model of its own',
    (key) =>
      key
        .replace(/^(?:unet|text_encoder)\./, 'base_model.model.')
        .replace(/\.(?:lora_linear_layer|lora)\.(down|up)\./, (_, role: string) => (role === 'down' ? '.lora_A.' : '.lora_B.')),
  ],
])('reads the keys of %s', async (name, rename) => {
  const ours = await layersIn(await renamed(`${name.replaceAll(' ', '-')}.safetensors`, rename));
  expect(ours).toEqual(await layersIn(join(golden, 'lora', 'pytorch_lora_weights.safetensors')));
});

it('reads alpha from metadata or from tensors, with the same result', async () => {
  const folded = await layersIn(join(golden, 'lora', 'pytorch_lora_weights.safetensors'));
  for (const file of ['with-alpha-in-metadata.safetensors', 'kohya.safetensors']) {
    const layers = await layersIn(join(golden, 'lora', file));
    expect(layers.map(({ component, module, scale }) => [component, module, scale])).toEqual(
      folded.map(({ component, module }) => [component, module, 2]),
    );
  }
});

it("matches peft's patterns with the ends of layers' names, and divides alpha by the root of the rank", async () => {
  const reader = await openTensors(join(golden, 'lora', 'pytorch_lora_weights.safetensors'));
  const entries: TensorEntry[] = [];
  for (const key of reader.names()) entries.push({ name: key, shape: reader.info(key).shape, data: await reader.read(key) });
  await reader.close();
  const settings = {
    'unet.lora_alpha': 6,
    'unet.use_rslora': true,
    'unet.alpha_pattern': { to_k: 2, 'down_blocks.*attn2.to_q': 12, '(.*)*': 1 },
  };
  const path = join(scratch, 'patterns.safetensors');
  await writeSafetensors(path, entries, { dtype: 'F32', metadata: { lora_adapter_metadata: JSON.stringify(settings) } });
  for (const { component, module, scale } of await layersIn(path)) {
    const alpha = module.endsWith('to_k') ? 2 : /^down_blocks.*attn2\.to_q$/.test(module) ? 12 : 6;
    expect([module, scale]).toEqual([module, component === 'unet' ? alpha / 2 : 1]);
  }
});

it.each([
  ['unet.mid_block.to_q.lora_magnitude_vector', /is a DoRA.*export it as a LoRA/],
  ['lora_unet_mid_block.dora_scale', /is a DoRA/],
  ['base_model.model.mid_block.to_q.oft_R.weight', /convert it to a LoRA/],
  ['lora_unet_mid_block.lokr_w1', /convert it to a LoRA/],
  ['lora_unet_mid_block_conv1.lora_mid.weight', /LoCon with a third matrix.*save it without/],
  ['base_model.model.mid_block.to_q.lora_B.bias', /has biases.*train it without lora_bias/],
  ['bundle_emb.ink.string_to_param.*', /contains embeddings in addition to a LoRA; save them separately/],
])('recognizes a file with %s that is not a LoRA, and says what to do', async (name, message) => {
  const path = join(scratch, 'stranger.safetensors');
  const data = new Float32Array(4);
  await writeSafetensors(path, [
    { name: 'lora_unet_mid_block.lora_down.weight', shape: [1, 4], data },
    { name, shape: [4], data },
  ]);
  await expect(inspectAdapter(path)).rejects.toThrow(message);
});

it('refuses layers that lack a matrix', async () => {
  const whole = await openTensors(join(golden, 'lora', 'kohya.safetensors'));
  const path = join(scratch, 'cut.safetensors');
  const [first] = whole.names().filter((name) => name.endsWith('lora_down.weight'));
  await writeSafetensors(path, [{ name: first, shape: whole.info(first).shape, data: await whole.read(first) }]);
  await whole.close();
  await expect(layersIn(path)).rejects.toThrow(/cut\.safetensors: the layer .* has only one of its two matrices/);
});

/** The base with a LoRA of rank 4 merged in, as a full fine-tune would leave it. */
async function tuned(): Promise<DiffusersFolder> {
  const directory = join(scratch, 'tuned');
  await cp(join(golden, 'tiny-sd'), directory, { recursive: true });
  const adapted = await applyAdapters(base, [{ path: join(golden, 'lora', 'kohya.safetensors'), strength: 1 }]);
  const components: Record<string, { weights: TensorEntry[] }> = {};
  for (const { name, openWeights } of adapted.components) {
    const reader = await openWeights();
    const weights: TensorEntry[] = [];
    for (const key of reader.names()) weights.push({ name: key, shape: reader.info(key).shape, data: await reader.read(key) });
    components[name] = { weights };
    await reader.close();
  }
  await writeDiffusersFolder(directory, { base: join(golden, 'tiny-sd'), components }, { dtype: 'F32' });
  return readDiffusersFolder(directory);
}

it('extracts a LoRA that keeps a whole change of its rank, and reports the share that it keeps of a larger one', async () => {
  const other = await tuned();
  const { layers, keptShare } = await extractLora(base, other, { rank: 4 });
  expect(keptShare).toBeGreaterThan(1 - 1e-6);
  expect(layers).toHaveLength(64);
  const path = join(scratch, 'extracted.safetensors');
  await writeDiffusersLora(path, layers);
  const again = await applyAdapters(base, [{ path, strength: 1 }]);
  const [ours, theirs] = [again.components[0], other.components[0]];
  const [a, b] = [await ours.openWeights(), await theirs.openWeights()];
  for (const name of b.names()) {
    const [mine, reference] = [await a.read(name), await b.read(name)];
    const largest = reference.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const worst = mine.reduce((most, value, i) => Math.max(most, Math.abs(value - reference[i])), 0);
    expect(worst).toBeLessThan(1e-5 * Math.max(1, largest));
  }
  await Promise.all([a.close(), b.close()]);
  const half = await extractLora(base, other, { rank: 2 });
  expect(half.keptShare).toBeLessThan(keptShare);
  expect(half.keptShare).toBeGreaterThan(0.5);
});
