// Training that stays on the device, compared with the processor; on software Vulkan if there is no GPU.
import { checkDevice } from '@styleforge/runtime';
import { warnNotTested } from '@styleforge/testing';
import { describe, expect, it } from 'vitest';
import { distance, trained } from './small-training.ts';

const missing = await checkDevice('webgpu').then(
  () => undefined,
  (error: unknown) => String(error),
);
describe.skipIf(warnNotTested('training on webgpu', missing))('training on webgpu', () => {
  // with the memory kept: packages/styleforge/test/trainer.test.ts
  it('equals the processor after ten updates of two passes each', async () => {
    const [host, device] = [await trained({ device: 'cpu' }, 2), await trained({ device: 'webgpu', keepMemory: false }, 2)];
    expect(host.losses.at(-1)).toBeLessThan(host.losses[0]);
    for (const [i, loss] of host.losses.entries()) expect(Math.abs(device.losses[i] / loss - 1)).toBeLessThan(1e-3);
    for (const [i, norm] of host.norms.entries()) expect(Math.abs(device.norms[i] / norm - 1)).toBeLessThan(1e-3);
    expect(distance(host.weights, device.weights)).toBeLessThan(1e-3);
  });

  it('equals the processor with rates of single parameters and frozen weights', async () => {
    const options = {
      trainable: ['conv', 'down', 'linear'],
      ratesOf: (name: string) => (name === 'linear' ? { learningRateScale: 2, weightDecay: 0.5 } : {}),
    };
    const [host, device] = [await trained(options, 1), await trained({ ...options, device: 'webgpu' }, 1)];
    expect(device.weights.specs).toHaveLength(3);
    expect(distance(host.weights, device.weights)).toBeLessThan(1e-3);
    const { weights: withoutRates } = await trained({ trainable: options.trainable }, 1);
    expect(distance(host.weights, withoutRates)).toBeGreaterThan(1e-2);
  });
});
