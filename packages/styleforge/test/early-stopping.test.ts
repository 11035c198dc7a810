// Which validation a training ends with, and when it stops waiting for a better one.
import { describe, expect, it } from 'vitest';
import { EarlyStopping } from '../src/run/early-stopping.ts';

const scores = (...values: number[]) => values.map((value, index) => ({ step: index * 20, value }));

describe('early stopping by a share of the CLIP score', () => {
  const config = { metric: 'clip', patience: 2, min_steps: 0, min_clip_share: 0.6 } as const;

  it('chooses the last validation that keeps the share, although an earlier one scored better', () => {
    const stopping = new EarlyStopping(config, scores(60, 58, 40, 36));
    expect(stopping.best).toEqual({ step: 60, value: 36 });
    expect(stopping.isOver).toBe(false);
  });

  it('ends after `patience` validations that lost the share', () => {
    const stopping = new EarlyStopping(config, scores(60, 40, 30));
    expect(stopping.isOver).toBe(false);
    stopping.add({ step: 60, value: 20 });
    expect(stopping.isOver).toBe(true);
    expect(stopping.best).toEqual({ step: 20, value: 40 });
  });

  it('chooses the best score if no validation keeps the share', () => {
    const stopping = new EarlyStopping(config, scores(60, 30, 20, 10));
    expect(stopping.best).toEqual({ step: 20, value: 30 });
    expect(stopping.isOver).toBe(true);
  });

  it('chooses the best score if there is no share', () => {
    expect(new EarlyStopping({ ...config, min_clip_share: null }, scores(60, 58, 40)).best).toEqual({ step: 20, value: 58 });
  });
});
