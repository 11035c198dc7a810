// Prodigy against prodigyopt's numbers (test/golden/make-prodigy.py), and what its state needs to continue exactly.
import { readFileSync } from 'node:fs';
import { ParameterBuffers, Prodigy, type ProdigyOptions } from '@styleforge/runtime';
import { describe, expect, it } from 'vitest';

interface Run {
  readonly d_coef: number;
  readonly lr: number;
  readonly decay: number;
  readonly estimates: readonly number[];
  readonly weights: Readonly<Record<string, readonly number[]>>;
}
const golden = JSON.parse(readFileSync(new URL('../../../test/golden/prodigy.json', import.meta.url), 'utf8')) as {
  readonly target: Readonly<Record<string, readonly number[]>>;
  readonly runs: readonly Run[];
};
const specs = [
  { name: 'a', shape: [7, 5] },
  { name: 'b', shape: [13] },
];
const options = (dCoef: number): ProdigyOptions => ({ beta1: 0.9, beta2: 0.999, epsilon: 1e-8, dCoef });

function begin(): ParameterBuffers {
  const weights = new ParameterBuffers(specs);
  weights.get('a').fill(0.01);
  return weights;
}

/** The gradients of `steps`, each followed by an update. */
function train(weights: ParameterBuffers, optimizer: Prodigy, { lr, decay }: Run, steps: readonly number[]): number[] {
  const gradients = weights.beside(Float32Array);
  return steps.map((step) => {
    for (const { name } of specs)
      weights.get(name).forEach((value, i) => {
        gradients.get(name)[i] = Math.fround(value - golden.target[name][i]) * (1 + 0.5 * (step % 3));
      });
    const learningRate = lr === 0.5 && step < 2 ? 0 : lr;
    optimizer.apply(gradients, { learningRate, weightDecay: decay });
    return optimizer.state.d;
  });
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe('Prodigy', () => {
  it.each(golden.runs)('finds the same rates and weights as prodigyopt (d_coef $d_coef, lr $lr, decay $decay)', (run) => {
    const weights = begin();
    const optimizer = new Prodigy(weights, options(run.d_coef));
    const found = train(weights, optimizer, run, numbers(0, run.estimates.length));
    found.forEach((d, i) => expect(Math.abs(d / run.estimates[i] - 1)).toBeLessThan(1e-4));
    for (const { name } of specs)
      weights.get(name).forEach((value, i) => expect(Math.abs(value - run.weights[name][i])).toBeLessThan(1e-5));
    expect(optimizer.rateFactor).toBe(found.at(-1));
  });

  it('continues bit-identically from its arrays and its numbers', () => {
    const [run] = golden.runs;
    const whole = begin();
    train(whole, new Prodigy(whole, options(1)), run, numbers(0, 60));
    const first = begin();
    const before = new Prodigy(first, options(1));
    train(first, before, run, numbers(0, 40));
    expect(before.state.d).toBeGreaterThan(1e-6);
    const weights = first.copy();
    const resumed = new Prodigy(weights, options(1));
    for (const [name, arrays] of Object.entries(before.arrays))
      for (const spec of specs) resumed.arrays[name].write(spec.name, arrays.read(spec.name));
    resumed.step = before.step;
    resumed.restore(before.state);
    train(weights, resumed, run, numbers(40, 60));
    for (const { name } of specs) expect(weights.get(name)).toEqual(whole.get(name));
  });

  it('refuses a learning rate that differs between parameters', () => {
    const two = { ...options(1), ratesOf: (name: string) => ({ learningRateScale: name === 'b' ? 2 : 1 }) };
    expect(() => new Prodigy(begin(), two)).toThrow(/one learning rate for all weights: 'b'/);
  });

  it('changes nothing if all gradients are zero', () => {
    const weights = begin();
    const optimizer = new Prodigy(weights, options(1));
    optimizer.apply(weights.beside(Float32Array), { learningRate: 1, weightDecay: 0.1 });
    expect(weights.get('a')).toEqual(begin().get('a'));
    expect(optimizer.step).toBe(0);
  });
});
