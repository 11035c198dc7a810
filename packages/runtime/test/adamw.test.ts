// AdamW against the formula in float64, and bfloat16 moments against float32 ones.
import { describe, expect, it } from 'vitest';
import { AdamW, ParameterBuffers, type AdamWOptions } from '@styleforge/runtime';

const LENGTH = 5000;
const specs = [
  { name: 'a', shape: [LENGTH] },
  { name: 'b', shape: [3, 7] },
];
const options: AdamWOptions = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

function gradientAt(step: number, i: number): number {
  return Math.sin(i * 12.9898 + step * 0.7) * (1 + (i % 5));
}

async function train(
  extra: Partial<AdamWOptions>,
  steps: number,
  gradient = gradientAt,
): Promise<{ weights: ParameterBuffers; optimizer: AdamW }> {
  const weights = new ParameterBuffers(specs);
  const gradients = weights.beside(Float32Array);
  weights.get('a').fill(1);
  const optimizer = new AdamW(weights, { ...options, ...extra });
  for (let step = 1; step <= steps; step++) {
    for (const { name } of specs)
      gradients.get(name).forEach((_, i, values) => {
        values[i] = gradient(step, i);
      });
    optimizer.apply(gradients, { learningRate: 1e-3, weightDecay: 1e-2, gradientScale: 0.5 });
  }
  return { weights, optimizer };
}

describe('AdamW', () => {
  it('equals torch.optim.AdamW up to float32 rounding', async () => {
    const { weights } = await train({}, 5);
    for (const i of [0, 1, 17, LENGTH - 1]) {
      let [w, m, v] = [1, 0, 0];
      for (let step = 1; step <= 5; step++) {
        const g = 0.5 * gradientAt(step, i);
        m = 0.9 * m + 0.1 * g;
        v = 0.999 * v + 0.001 * g * g;
        w -= 1e-3 * 1e-2 * w;
        w -= (1e-3 * (m / (1 - 0.9 ** step))) / (Math.sqrt(v / (1 - 0.999 ** step)) + 1e-8);
      }
      expect(Math.abs(weights.get('a')[i] - w)).toBeLessThan(2e-6);
    }
  });

  it('uses the learning rate and the weight decay of each parameter', async () => {
    const rates = { learningRateScale: 3, weightDecay: 0.5 };
    const { weights } = await train({ ratesOf: (name) => (name === 'a' ? rates : {}) }, 1, () => 0);
    const plain = await train({}, 1, () => 0);
    expect(weights.get('a')[0]).toBeCloseTo(1 - 3e-3 * 0.5, 7);
    expect(plain.weights.get('a')[0]).toBeCloseTo(1 - 1e-3 * 1e-2, 7);
    const [moved, still] = [await train({ ratesOf: () => ({ learningRateScale: 2, weightDecay: 0 }) }, 1), await train({}, 1)];
    expect(moved.weights.get('b')[3] / still.weights.get('b')[3]).toBeCloseTo(2, 5);
  });

  it('changes bfloat16 moments even if each change is smaller than their step', async () => {
    const { optimizer } = await train({ momentPrecision: 'bfloat16' }, 600, () => 2);
    const second = optimizer.secondMoment.read('a');
    const mean = second.reduce((sum, value) => sum + value, 0) / second.length;
    expect(mean / (1 - 0.999 ** 600)).toBeGreaterThan(0.99);
    expect(mean / (1 - 0.999 ** 600)).toBeLessThan(1.01);
    expect(optimizer.firstMoment.read('a').reduce((sum, value) => sum + value, 0) / LENGTH).toBeCloseTo(1, 2);
  });

  it('moves the weights with bfloat16 moments as with float32 ones', async () => {
    const [exact, rounded] = await Promise.all([train({}, 60), train({ momentPrecision: 'bfloat16' }, 60)]);
    let [difference, moved] = [0, 0];
    exact.weights.get('a').forEach((value, i) => {
      difference += (value - rounded.weights.get('a')[i]) ** 2;
      moved += (value - 1) ** 2;
    });
    expect(Math.sqrt(difference / moved)).toBeLessThan(0.03);
    expect(difference).toBeGreaterThan(0);
  });

  it('rounds in the same way after its state was read and written back', async () => {
    const whole = await train({ momentPrecision: 'bfloat16' }, 8);
    const first = await train({ momentPrecision: 'bfloat16' }, 5);
    const weights = first.weights.copy();
    const gradients = weights.beside(Float32Array);
    const resumed = new AdamW(weights, { ...options, momentPrecision: 'bfloat16' });
    for (const { name } of specs) {
      resumed.firstMoment.write(name, first.optimizer.firstMoment.read(name));
      resumed.secondMoment.write(name, first.optimizer.secondMoment.read(name));
    }
    resumed.step = 5;
    for (let step = 6; step <= 8; step++) {
      for (const { name } of specs)
        gradients.get(name).forEach((_, i, values) => {
          values[i] = gradientAt(step, i);
        });
      resumed.apply(gradients, { learningRate: 1e-3, weightDecay: 1e-2, gradientScale: 0.5 });
    }
    for (const { name } of specs) expect(weights.get(name)).toEqual(whole.weights.get(name));
  });
});
