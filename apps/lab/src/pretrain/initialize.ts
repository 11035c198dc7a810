// First weights of a model: uniform by fan-in as torch's layers do, ones for norms, zeros at the U-Net's end.
import { elementCount } from '@styleforge/autodiff';
import { randomNormals, randomUniforms } from '@styleforge/diffusion';
import { type ParameterBuffers } from '@styleforge/runtime';
import { textEncoderConfig } from './geometry.ts';

/**
 * CLIP starts all embeddings at 0.02; then a caption accounts for a tenth of what the text encoder puts out, and joint training from
 * nothing soon loses that tenth. Larger words and a silent padding token let the words speak at every position
 * (docs/experiments/base-model.md).
 */
const WORD_DEVIATION = 0.5;
const POSITION_DEVIATION = 0.02;
const SILENT = /^unet\.conv_out\.weight$/;

export function initializeWeights(weights: ParameterBuffers, seed: number): void {
  weights.specs.forEach(({ name, shape }, index) => {
    const values = weights.get(name);
    const key = { seed, step: 0, purpose: 'initial-weights', index };
    if (name.endsWith('token_embedding.weight')) {
      values.set(randomNormals(key, values.length).map((value) => value * WORD_DEVIATION));
      values.fill(0, textEncoderConfig.pad_token_id * shape[1], (textEncoderConfig.pad_token_id + 1) * shape[1]);
    } else if (name.endsWith('position_embedding.weight')) values.set(randomNormals(key, values.length).map((value) => value * POSITION_DEVIATION));
    else if (/norm.*\.weight$/.test(name)) values.fill(1);
    else if (shape.length === 1 || SILENT.test(name)) values.fill(0);
    else {
      const bound = 1 / Math.sqrt(elementCount(shape.slice(1)));
      values.set(Float32Array.from(randomUniforms(key, values.length), (uniform) => (2 * uniform - 1) * bound));
    }
  });
}
