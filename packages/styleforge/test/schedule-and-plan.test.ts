// The parts of training that are plain arithmetic: learning rates, the order of images, loss weights.
import { readFileSync } from 'node:fs';
import { DDPMScheduler } from '@styleforge/diffusion';
import { Graph } from '@styleforge/autodiff';
import { splitParameters, TrainingProgram } from '@styleforge/runtime';
import {
  drawFrom,
  drawMixed,
  dualBindingWeights,
  emaDecayAt,
  learningRateAt,
  minSnrWeights,
  updateEma,
  type TrainingHyperparameters,
} from '@styleforge/styleforge';
import { describe, expect, it } from 'vitest';

type LrSchedulerName = TrainingHyperparameters['lr_scheduler'];

const golden = JSON.parse(readFileSync(new URL('../../../test/golden/lr-schedules.json', import.meta.url), 'utf8')) as {
  learning_rate: number;
  warmup: number;
  total: number;
  schedules: Record<LrSchedulerName, number[]>;
  shaped: { name: LrSchedulerName; num_cycles?: number; power?: number; rates: number[] }[];
};

function expectRates(rates: readonly number[], shape: Partial<TrainingHyperparameters>): void {
  const config = {
    learning_rate: golden.learning_rate,
    lr_warmup_steps: golden.warmup,
    max_train_steps: golden.total,
    lr_num_cycles: 1,
    lr_power: 1,
    ...shape,
  } as TrainingHyperparameters;
  rates.forEach((expected, step) => {
    expect(learningRateAt(step, config), `step ${step}`).toBeCloseTo(expected, 12);
  });
}

describe('the learning rate', () => {
  it.each(Object.keys(golden.schedules) as LrSchedulerName[])('%s equals diffusers step by step', (name) => {
    expectRates(golden.schedules[name], { lr_scheduler: name });
  });

  it.each(golden.shaped)(
    '$name with cycles $num_cycles and power $power equals diffusers step by step',
    ({ name, num_cycles: cycles = 1, power = 1, rates }) => {
      expectRates(rates, { lr_scheduler: name, lr_num_cycles: cycles, lr_power: power });
      expect(rates).not.toEqual(golden.schedules[name]);
    },
  );
});

describe('the order of images', () => {
  it('shows every image once per epoch, in a different order each time', () => {
    const epoch = (k: number) => Array.from({ length: 10 }, (_, i) => drawFrom(10, 10 * k + i, 1337, 'aux'));
    for (const k of [0, 1, 7]) expect([...epoch(k)].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(epoch(0)).not.toEqual(epoch(1));
    expect(epoch(3)).toEqual(epoch(3));
  });

  it('gives components the same share, whatever their sizes are', () => {
    const draws = Array.from({ length: 60 }, (_, i) => drawMixed([3, 12], i, 1));
    const ofFirst = draws.filter(({ component }) => component === 0);
    expect(ofFirst).toHaveLength(30);
    for (const image of [0, 1, 2]) expect(ofFirst.filter((draw) => draw.image === image)).toHaveLength(10);
  });
});

describe('three or more components', () => {
  it.each([[[1, 7, 20]], [[50, 3, 4, 11]], [[2, 2, 2, 2, 2]]])(
    'of %j images alternate evenly throughout the run, and each shows all its images before it repeats one',
    (sizes) => {
      const draws = Array.from({ length: 120 * sizes.length }, (_, i) => drawMixed(sizes, i, 7));
      for (let from = 0; from + sizes.length <= draws.length; from += 13) {
        expect(new Set(draws.slice(from, from + sizes.length).map(({ component }) => component)).size).toBe(sizes.length);
      }
      for (const [component, size] of sizes.entries()) {
        const images = draws.filter((draw) => draw.component === component).map(({ image }) => image);
        expect(images).toHaveLength(120);
        for (let epoch = 0; (epoch + 1) * size <= images.length; epoch++)
          expect(new Set(images.slice(epoch * size, (epoch + 1) * size)).size).toBe(size);
      }
    },
  );

  it('change the order of their images only with the epoch and the seed', () => {
    const order = (epoch: number, seed: number) =>
      Array.from({ length: 20 }, (_, i) => drawMixed([20, 5, 9], 3 * (20 * epoch + i), seed).image);
    expect(order(2, 7)).toEqual(order(2, 7));
    expect(order(2, 7)).not.toEqual(order(3, 7));
    expect(order(2, 7)).not.toEqual(order(2, 8));
  });
});

describe('the weights of the loss', () => {
  it('are the mean over StyleRef plus lambda times the mean over Aux', () => {
    expect([...dualBindingWeights(2, 4, 0.5)]).toEqual([0.5, 0.5, 0.125, 0.125, 0.125, 0.125]);
    expect([...dualBindingWeights(2, 0, 0.5)]).toEqual([0.5, 0.5]);
  });

  it('follow min-SNR: at most gamma / SNR, and one if the SNR is small', () => {
    const scheduler = new DDPMScheduler({
      beta_start: 0.00085,
      beta_end: 0.012,
      beta_schedule: 'scaled_linear',
      num_train_timesteps: 1000,
    });
    const [early, late] = minSnrWeights(scheduler, [10, 900], 5);
    expect(early).toBeCloseTo(5 / scheduler.snr([10])[0], 6);
    expect(late).toBe(1);
  });

  it('give an error of the image the same weight for all three kinds of prediction with min-SNR', () => {
    const weights = (prediction_type: string): number[] => {
      const scheduler = new DDPMScheduler({
        beta_start: 0.00085,
        beta_end: 0.012,
        beta_schedule: 'scaled_linear',
        num_train_timesteps: 1000,
        prediction_type,
      });
      const snr = scheduler.snr([10, 400, 900]);
      // an error e of the image is one of e sqrt(SNR) in the noise, and of e sqrt(SNR + 1) in the velocity
      const squared = { sample: () => 1, epsilon: (own: number) => own, v_prediction: (own: number) => own + 1 }[prediction_type]!;
      return [...minSnrWeights(scheduler, [10, 400, 900], 5)].map((weight, i) => weight * squared(snr[i]));
    };
    for (const type of ['epsilon', 'v_prediction'])
      for (const [i, weight] of weights('sample').entries()) expect(weights(type)[i]).toBeCloseTo(weight, 5);
  });
});

describe('the moving average', () => {
  const reference = JSON.parse(readFileSync(new URL('../../../test/golden/ema.json', import.meta.url), 'utf8')) as {
    steps: { weights: number[]; decay: number; average: number[] }[];
    far: { step: number; decay: number }[];
  };

  it('equals diffusers step by step', async () => {
    const graph = new Graph();
    const { trainable: weights } = splitParameters((graph.parameter('w', [5]), graph), new Set(['w']));
    const loss = graph.reduceSum(graph.parameters.get('w')!, [0]);
    const program = await TrainingProgram.create({
      graph,
      loss,
      outputs: {},
      trainable: weights,
      adamw: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    });
    const average = weights.beside(Float32Array);
    for (const [i, expected] of reference.steps.entries()) {
      weights.get('w').set(expected.weights);
      await updateEma(program, average, i + 1);
      expect(emaDecayAt(i + 1)).toBeCloseTo(expected.decay, 12);
      average.get('w').forEach((value, j) => expect(value, `step ${i + 1}`).toBeCloseTo(expected.average[j], 6));
    }
    await program.release();
    for (const { step, decay } of reference.far) expect(emaDecayAt(step)).toBeCloseTo(decay, 12);
  });
});
