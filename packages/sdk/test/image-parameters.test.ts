// Parameters in images of the service, of AUTOMATIC1111's web UI and of ComfyUI.
import { readImageParameters } from '@styleforge/sdk';
import sharp from 'sharp';
import { expect, it } from 'vitest';

/** An image with text chunks, which readers take in any order and without a look at their checksums. */
async function pngWith(texts: Record<string, string>): Promise<Uint8Array> {
  const png = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'white' } })
    .png()
    .toBuffer();
  const chunks = Object.entries(texts).map(([keyword, text]) => {
    const data = Buffer.from(`${keyword}\0${text}`, 'latin1');
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    return Buffer.concat([length, Buffer.from('tEXt'), data, Buffer.alloc(4)]);
  });
  const END = 12;
  return Buffer.concat([png.subarray(0, -END), ...chunks, png.subarray(-END)]);
}

it("reads AUTOMATIC1111's parameters, with its sampler by the service's name", async () => {
  const settings =
    'Steps: 28, Sampler: DPM++ 2M Karras, CFG scale: 6.5, Seed: 99, Size: 512x768, Model: dream, Lora hashes: "a: b, Seed: 3"';
  const parameters = `a house,\nby the sea\nNegative prompt: blurry,\nlow quality\n${settings}`;
  expect(await readImageParameters(await pngWith({ parameters }))).toEqual({
    ...{ prompt: 'a house,\nby the sea', negative_prompt: 'blurry,\nlow quality', seed: 99, steps: 28, guidance_scale: 6.5 },
    ...{ width: 512, height: 768, sampler: 'dpmsolver++karras', model: 'dream' },
  });
});

it('reads a schedule that stands for itself, and a negative prompt without a prompt', async () => {
  const parameters = 'Negative prompt: blurry\nSteps: 20, Sampler: DPM++ 2M, Schedule type: Karras, Denoising strength: 0.4, Seed: 1';
  expect(await readImageParameters(await pngWith({ parameters }))).toEqual({
    ...{ prompt: '', negative_prompt: 'blurry', steps: 20, sampler: 'dpmsolver++karras', strength: 0.4, seed: 1 },
  });
});

it("follows the links of ComfyUI's graph to the texts, the size and the model", async () => {
  const prompt = {
    '1': { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: 'dream.safetensors' } },
    '2': { class_type: 'LoraLoader', inputs: { lora_name: 'ink', model: ['1', 0], clip: ['1', 1] } },
    '3': { class_type: 'CLIPTextEncode', inputs: { text: 'a fox', clip: ['2', 1] } },
    '4': { class_type: 'CLIPTextEncode', inputs: { text: ['9', 0], clip: ['2', 1] } },
    '5': { class_type: 'EmptyLatentImage', inputs: { width: 640, height: 512, batch_size: 1 } },
    '6': {
      class_type: 'KSampler',
      inputs: {
        ...{ seed: ['8', 0], steps: 25, cfg: 7, sampler_name: 'dpmpp_2m', scheduler: 'karras', denoise: 1 },
        ...{ model: ['2', 0], positive: ['3', 0], negative: ['4', 0], latent_image: ['5', 0] },
      },
    },
    '7': { class_type: 'SaveImage', inputs: { images: ['6', 0] } },
    '8': { class_type: 'PrimitiveInt', inputs: { value: 42 } },
    '9': { class_type: 'Text', inputs: { text: 'blurry' } },
  };
  const text = JSON.stringify(prompt).replace('"batch_size":1', '"is_changed":[NaN]');
  expect(await readImageParameters(await pngWith({ prompt: text, workflow: '{}' }))).toEqual({
    ...{ prompt: 'a fox', negative_prompt: 'blurry', seed: 42, steps: 25, guidance_scale: 7, width: 640, height: 512 },
    ...{ sampler: 'dpmsolver++karras', model: 'dream.safetensors' },
  });
});

it('ends at a graph whose links form a circle', async () => {
  const circle = { inputs: { text: ['1', 0] } };
  const sampler = { inputs: { positive: ['1', 0], latent_image: ['1', 0], steps: 3, sampler_name: 'heun', scheduler: 'normal' } };
  expect(await readImageParameters(await pngWith({ prompt: JSON.stringify({ '1': circle, '2': sampler }) }))).toEqual({
    ...{ prompt: '', negative_prompt: null, steps: 3, sampler: 'heun' },
  });
});

it('finds nothing in an image without parameters, in a graph without a sampler, and in what is no image', async () => {
  expect(await readImageParameters(await pngWith({}))).toBeNull();
  expect(await readImageParameters(await pngWith({ prompt: '{"1":{"inputs":{}}}' }))).toBeNull();
  expect(await readImageParameters(new TextEncoder().encode('words'))).toBeNull();
});
