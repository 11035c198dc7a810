// Training on webgpu beside the processor.
import { join } from 'node:path';
import { generateImages, trainStyleForge } from '@styleforge/styleforge';
import { SafetensorsReader } from '@styleforge/weights';
import { checkDevice, type DeviceName as Device } from '@styleforge/runtime';
import { warnNotTested } from '@styleforge/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { options, setUp, tearDown } from './trainer-fixture.ts';

beforeAll(setUp);
afterAll(tearDown);

const [webgpuMissing, halfMissing] = [await missing({}), await missing({ mixedPrecision: true })];

function missing(options: { mixedPrecision?: boolean }): Promise<string | undefined> {
  return checkDevice('webgpu', options).then(
    () => undefined,
    (error: unknown) => String(error),
  );
}

// Software Vulkan does where there is no GPU (infra/checks.mjs finds Chromium's). Ten steps: packages/runtime/test/webgpu.test.ts.
describe.skipIf(warnNotTested('training on webgpu', webgpuMissing))('on webgpu', () => {
  const trainedOn = async (device: Device, precision: 'no' | 'fp16' = 'no'): Promise<string> =>
    (
      await trainStyleForge(
        options(
          `${device}-${precision}`,
          { max_train_steps: 1, train_text_encoder: false, resolution: 16, mixed_precision: precision },
          { compile: { device } },
        ),
      )
    ).directory;
  const drawnOn = async (device: Device, modelDirectory: string): Promise<Uint8Array> => {
    const drawn: Uint8Array[] = [];
    await generateImages({
      modelDirectory,
      prompts: ['a photo of zwx style, house'],
      steps: 1,
      guidanceScale: 4,
      sampler: 'ddim' as const,
      seed: 7,
      compile: { device },
      onImage: ({ rgb }) => void drawn.push(rgb),
    });
    return drawn[0];
  };
  const valuesOf = async (directory: string, component: string): Promise<Float32Array[]> => {
    const reader = await SafetensorsReader.open(join(directory, component));
    try {
      return await Promise.all(reader.names().map((name) => reader.read(name)));
    } finally {
      await reader.close();
    }
  };

  const distance = async (directory: string, other: string, part: string): Promise<number> => {
    const [expected, actual] = [await valuesOf(other, part), await valuesOf(directory, part)];
    let [difference, size] = [0, 0];
    expected.forEach((values, i) =>
      values.forEach((value, at) => {
        difference += (value - actual[i][at]) ** 2;
        size += value ** 2;
      }),
    );
    return Math.sqrt(difference / size);
  };
  const weights = 'unet/diffusion_pytorch_model.safetensors';
  const moments = 'trainer_state/first_moment.safetensors';

  it('ends like the processor, and generates the same image', async () => {
    const [host, device] = [await trainedOn('cpu'), await trainedOn('webgpu')];
    expect(await distance(device, host, weights)).toBeLessThan(1e-3);
    expect(await distance(device, host, moments)).toBeLessThan(1e-2);
    const [expected, actual] = [await drawnOn('cpu', device), await drawnOn('webgpu', device)];
    expect(Math.max(...expected.map((value, i) => Math.abs(value - actual[i])))).toBeLessThanOrEqual(2);
  }, 300_000);

  it.skipIf(warnNotTested('mixed precision on webgpu', halfMissing))(
    'trains in mixed precision with results close to float32',
    async () => {
      const [host, device] = [await trainedOn('cpu'), await trainedOn('webgpu', 'fp16')];
      // AdamW's first step moves a weight by the sign of its gradient, whose smallest values rounding turns
      expect(await distance(device, host, weights)).toBeLessThan(5e-3);
      expect(await distance(device, host, moments)).toBeLessThan(2e-2);
    },
    300_000,
  );

  it.skipIf(
    warnNotTested(
      'that mixed precision is refused where the GPU has no float16',
      halfMissing === undefined ? 'the one here has it' : undefined,
    ),
  )('refuses mixed precision if the GPU has no float16', async () => {
    await expect(trainedOn('webgpu', 'fp16')).rejects.toThrow(/hyperparameters\.mixed_precision: .*'webgpu' has no float16.*take 'no'/);
  });
});
