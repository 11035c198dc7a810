// Adapters from elsewhere through the whole service: uploaded, refused with the reason, and used in generations.
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GenerationBody, ModelBody, ModelVersionBody, Report } from '@styleforge/contracts';
import { addAdapter } from '@styleforge/lab';
import { StyleForge } from '@styleforge/sdk';
import { openTensors, writeSafetensors } from '@styleforge/weights';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestService } from './service.ts';
import { makeTinyExtractor, makeTinySdxlBaseModel } from './tiny-base-model.ts';

const patience = 240_000;
const golden = fileURLToPath(new URL('../golden-methods/', import.meta.url));
const foreign = (name: string): string => join(golden, 'foreign', name);
let test: TestService;
let client: StyleForge;

/** The model that the foreign adapters were made for; the tokenizer is that of another tiny model. */
beforeAll(async () => {
  test = await TestService.create({ tiny: {} });
  const models = join(test.directory, 'models');
  await cp(join(golden, 'tiny-sd'), join(models, 'golden'), { recursive: true });
  await makeTinySdxlBaseModel(join(test.directory, 'sdxl'));
  await cp(join(test.directory, 'sdxl', 'tokenizer'), join(models, 'golden', 'tokenizer'), { recursive: true });
  client = new StyleForge({ baseUrl: test.service.url, apiKey: test.apiKey });
}, patience);
afterAll(() => test.remove());

const settings = { prompts: ['a disc'], width: 64, height: 64, steps: 4, guidance_scale: 2, seed: 7 };
async function pixels(change: object): Promise<Buffer> {
  const { id } = await test.call<GenerationBody>('POST', '/v1/images/generations', { ...settings, ...change, wait: 30 });
  const generation = await test.generated(id);
  expect(generation).toMatchObject({ status: 'succeeded', error: null });
  const response = await test.request('GET', `/v1/images/${generation.images[0]!.id}`);
  return sharp(new Uint8Array(await response.arrayBuffer()))
    .removeAlpha()
    .raw()
    .toBuffer();
}
const largestDifference = (a: Uint8Array, b: Uint8Array): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

async function refusal(
  fields: Record<string, string>,
  file: string,
  fileName: string,
): Promise<{ code: string; errors: { pointer: string; detail: string }[] }> {
  const form = new FormData();
  for (const [field, value] of Object.entries({ name: 'refused', ...fields })) form.append(field, value);
  form.append('file', new Blob([await readFile(file)]), fileName);
  const response = await test.request('POST', '/v1/models/upload', form);
  expect(response.status).toBe(422);
  return (await response.json()) as Awaited<ReturnType<typeof refusal>>;
}

it(
  'the same LoRA in the layouts of peft and kohya generates the same image, as a model and as an adapter, with the requested strength',
  async () => {
    const peft = await client.models.upload('my-style', {
      file: foreign('peft/adapter_model.safetensors'),
      config: foreign('peft/adapter_config.json'),
      base_model: 'golden',
      token: 'zwx',
    });
    expect(peft).toMatchObject({
      reference: 'my-style@1',
      checkpoint_id: null,
      provenance: {
        training_job: null,
        adaptation: 'lora',
        tokens: [{ token: 'zwx' }],
        upload: { layout: 'peft', rank: 3, file_name: 'adapter_model.safetensors' },
        base_model: { name: 'golden' },
      },
    });
    const kohya = await client.models.upload('my-style', { file: foreign('kohya.safetensors'), base_model: 'golden', notes: 'kohya' });
    expect(kohya).toMatchObject({ reference: 'my-style@2', notes: 'kohya', provenance: { upload: { layout: 'kohya' } } });
    expect(await client.models.get('my-style')).toMatchObject({ versions: 2, prompt_template: 'zwx, {prompt}', latest: { version: 2 } });

    const again = { file: foreign('kohya.safetensors'), base_model: 'golden' };
    const first = await client.models.upload('repeated', again, { idempotencyKey: 'one' });
    expect(await client.models.upload('repeated', again, { idempotencyKey: 'one' })).toEqual(first);
    expect(await client.models.get('repeated')).toMatchObject({ versions: 1 });

    const base = await pixels({ model: 'golden' });
    const own = await pixels({ model: 'my-style@1' });
    expect(largestDifference(own, base)).toBeGreaterThan(8);
    expect(largestDifference(await pixels({ model: 'my-style' }), own)).toBeLessThanOrEqual(1);
    expect(await pixels({ model: 'golden', adapters: [{ model: 'my-style@1' }] })).toEqual(own);
    expect(await pixels({ model: 'golden', adapters: [{ model: 'my-style@1', strength: 0 }] })).toEqual(base);
    const halves = [
      { model: 'my-style@1', strength: 0.5 },
      { model: 'my-style@2', strength: 0.5 },
    ];
    expect(largestDifference(await pixels({ model: 'golden', adapters: halves }), own)).toBeLessThanOrEqual(1);
  },
  patience,
);

it(
  "an embedding of A1111 has the file's name or the given token as its word in prompts",
  async () => {
    const named = await client.models.upload('brush', { file: foreign('brush.pt'), base_model: 'golden' });
    expect(named.provenance).toMatchObject({ adaptation: 'textual-inversion', tokens: [{ token: 'brush' }], upload: { vectors: 2 } });
    const given = await client.models.upload('brush', { file: foreign('brush.pt'), base_model: 'golden', token: '<stroke>' });
    expect((await client.models.get('brush')).prompt_template).toBe('brush, {prompt}');
    const [plain, other] = [await pixels({ model: 'golden', prompts: ['disc'] }), await pixels({ model: 'brush@1', prompts: ['disc'] })];
    expect(other).toEqual(plain);
    const first = await pixels({ model: 'brush@1', prompts: ['brush disc'] });
    expect(await pixels({ model: given.reference, prompts: ['<stroke> disc'] })).toEqual(first);
    expect(await pixels({ model: given.reference, prompts: ['[V] disc'] })).toEqual(first);
    expect(await pixels({ model: 'golden', prompts: ['brush disc'] })).not.toEqual(first);
    expect(await pixels({ model: 'my-style', adapters: [{ model: 'brush@1', strength: 1 }], prompts: ['brush disc'] })).not.toEqual(first);
  },
  patience,
);

it(
  "an operator's adapter is available to all projects by its name, with the requested strength",
  async () => {
    const directory = join(test.directory, 'models');
    const args = { directory, file: foreign('kohya.safetensors'), base: 'golden' };
    await addAdapter({ ...args, name: 'house-ink', token: 'zwx' });
    await expect(addAdapter({ ...args, name: 'other', base: 'tiny' })).rejects.toThrow(/choose a base model that fits/);
    const base = await pixels({ model: 'golden' });
    const own = await pixels({ model: 'house-ink' });
    expect(largestDifference(own, base)).toBeGreaterThan(8);
    expect(await pixels({ model: 'golden', adapters: [{ model: 'house-ink' }] })).toEqual(own);
    expect(await pixels({ model: 'golden', adapters: [{ model: 'house-ink', strength: 0 }] })).toEqual(base);
    await rm(join(directory, 'house-ink', 'kohya.safetensors'));
    const missing = await test.request('POST', '/v1/images/generations', { ...settings, model: 'house-ink' });
    expect(await missing.json()).toMatchObject({
      errors: [{ detail: expect.stringMatching(/its file kohya\.safetensors is missing/) as string }],
    });
  },
  patience,
);

it(
  'an uploaded adapter is evaluated together with its base model, with its words before the prompts, and can be downloaded',
  async () => {
    await makeTinyExtractor(join(test.directory, 'models', 'mini-clip'));
    const sampling = { steps: 1, guidance_scale: 1, extractor: 'mini-clip', clip_extractor: 'mini-clip' } as const;
    const request = { ...sampling, model: 'my-style', prompts: ['a disc', '[V] cat'], num_images: 1, metrics: ['clip' as const] };
    const twice = await test.request('POST', '/v1/evaluations', { ...request, prompts: ['a disc', 'a cat'], compare_with: ['my-style@2'] });
    expect([twice.status, await twice.text()]).toEqual([422, expect.stringMatching(/my-style@2 is the model that is evaluated/)]);

    const { id } = await client.evaluations.create({ ...request, model: 'my-style@1', compare_with: ['base', 'my-style'] });
    const { status, error, config } = await client.evaluations.waitFor(id);
    expect({ status, error }).toEqual({ status: 'succeeded', error: null });
    expect(config.models.map(({ label, prompt_prefix: prefix, adapter }) => [label, prefix, adapter?.model ?? null])).toEqual([
      ['my-style@1', 'zwx, ', 'my-style@1'],
      ['base model golden', 'zwx, ', null],
      ['my-style', 'zwx, ', 'my-style'],
    ]);
    const images = await test.call<{ data: { model: number; index: number; prompt: string }[] }>('GET', `/v1/evaluations/${id}/images`);
    expect(images.data.filter(({ model }) => model === 0).map(({ prompt }) => prompt)).toEqual(['zwx, a disc', 'zwx cat']);
    const bytes = await Promise.all(
      [0, 1].map(async (model) => (await test.request('GET', `/v1/evaluations/${id}/images/${model}/0`)).arrayBuffer()),
    );
    expect(Buffer.from(bytes[0]!).equals(Buffer.from(bytes[1]!))).toBe(false);
    const report = await test.call<Report>('GET', `/v1/evaluations/${id}/report`);
    expect(report.models.map(({ metrics }) => metrics.map(({ metric }) => metric))).toEqual([['clip'], ['clip'], ['clip']]);

    const { fileName, response } = await client.models.downloadVersion('my-style', 2);
    expect([fileName, Buffer.from(await response.arrayBuffer())]).toEqual([
      'kohya.safetensors',
      await readFile(foreign('kohya.safetensors')),
    ]);
  },
  patience,
);

it(
  'an unsuitable file is refused immediately, with the field, the reason and a remedy',
  async () => {
    const kohya = foreign('kohya.safetensors');
    const wrongBase = await refusal({ base_model: 'tiny' }, kohya, 'ink.safetensors');
    expect(wrongBase).toMatchObject({
      code: 'validation_failed',
      errors: [
        {
          pointer: '/base_model',
          detail: expect.stringMatching(/tiny has text states of \d+ numbers: choose a base model that fits/) as string,
        },
      ],
    });
    expect((await refusal({ base_model: 'none' }, kohya, 'ink.safetensors')).errors[0]?.detail).toMatch(
      /there is no base model none: name one of golden, tiny/,
    );
    expect((await refusal({}, kohya, 'ink.safetensors')).errors[0]?.pointer).toBe('/base_model');
    expect((await refusal({ base_model: 'golden', weight: '1' }, kohya, 'ink.safetensors')).errors).toEqual([
      { pointer: '/weight', detail: 'there is no such field' },
    ]);
    expect((await refusal({ base_model: 'golden' }, foreign('evil.pt'), 'evil.pt')).errors[0]).toMatchObject({
      pointer: '/file',
      detail: expect.stringMatching(/evil\.pt .*convert it to safetensors/s) as string,
    });
    expect((await refusal({ base_model: 'golden' }, foreign('brush.pt'), 'two words.pt')).errors[0]?.detail).toMatch(
      /would be 'two words'.* set another word in token/,
    );

    const alone = await refusal({ base_model: 'golden' }, foreign('peft/adapter_model.safetensors'), 'adapter_model.safetensors');
    expect(alone.errors[0]).toMatchObject({
      pointer: '/config',
      detail: expect.stringMatching(/adapter_config\.json; send that file too/) as string,
    });
    const reader = await openTensors(kohya);
    const tensors = await Promise.all(
      reader.names().map(async (name) => ({ name, shape: reader.info(name).shape, data: await reader.read(name) })),
    );
    await reader.close();
    const changed = async (change: (tensor: (typeof tensors)[number], index: number) => (typeof tensors)[number]) => {
      const file = join(test.directory, 'changed.safetensors');
      await writeSafetensors(file, tensors.map(change), { dtype: 'F32' });
      return (await refusal({ base_model: 'golden' }, file, 'changed.safetensors')).errors[0];
    };
    const renamed = await changed((tensor) => ({ ...tensor, name: tensor.name.replace('_blocks_', '_blocks_7') }));
    expect(renamed).toMatchObject({
      pointer: '/file',
      detail: expect.stringMatching(/which no layer of the base model has: .* name that one in base_model/) as string,
    });
    const poisoned = await changed((tensor, index) => (index === 1 ? { ...tensor, data: tensor.data.map(() => NaN) } : tensor));
    expect(poisoned?.detail).toMatch(/numbers in '.*' that are not finite/);
    await writeFile(join(test.directory, 'page.safetensors'), '<!doctype html><title>Sign in</title>'.padEnd(600, ' '));
    expect(
      (await refusal({ base_model: 'golden' }, join(test.directory, 'page.safetensors'), 'ink.safetensors')).errors[0]?.detail,
    ).toMatch(/is a web page/);
    expect((await test.request('GET', '/v1/models/refused')).status).toBe(404);
  },
  patience,
);

it(
  'an adapter that does not fit the model of a generation is refused, and a deleted version is gone with its file',
  async () => {
    const answer = await test.request('POST', '/v1/images/generations', { ...settings, model: 'tiny', adapters: [{ model: 'my-style' }] });
    expect([answer.status, await answer.text()]).toEqual([
      422,
      expect.stringMatching(/my-style was uploaded for golden: it cannot be used with tiny/),
    ]);
    expect((await test.request('DELETE', '/v1/models/my-style/versions/2')).status).toBe(204);
    expect(await test.call<ModelBody>('GET', '/v1/models/my-style')).toMatchObject({
      versions: 1,
      latest: { version: 1 } satisfies Partial<ModelVersionBody>,
    });
    expect((await test.request('DELETE', '/v1/models/my-style')).status).toBe(204);
    expect((await test.request('POST', '/v1/images/generations', { ...settings, model: 'my-style' })).status).toBe(422);
  },
  patience,
);
