// First weights of a model: uniform by fan-in as torch's layers do, ones for norms; a text encoder that averages words from the start.
import { elementCount } from '@styleforge/autodiff';
import { randomNormals, randomUniforms } from '@styleforge/diffusion';
import { type ParameterBuffers } from '@styleforge/runtime';
import { textEncoderConfig } from './geometry.ts';

const {
  hidden_size: WIDTH,
  num_attention_heads: HEADS,
  vocab_size: VOCABULARY,
  bos_token_id: START,
  eos_token_id: END,
} = textEncoderConfig;
const WORD_DEVIATION = 0.5;
/** Scale of words that no caption contains: a third of a known word's weight, so that they change a prompt only slightly. */
const UNKNOWN_WORD_DEVIATION = 0.1;
const POSITION_DEVIATION = 0.02;
/** Along `marker()`, words are on one side and start, end and padding on the other. */
const WORD_MARK = 3;
/** Scale of the marker; its square divided by the root of the head's width is the attention score of words over padding. */
const ATTENTION_TO_WORDS = 1.4;
const AVERAGE_GAIN = 2;
/** Scale of weights that could otherwise dominate the averaged words before anything is learned. */
const QUIET = 0.2;
const SILENT = /^unet\.conv_out\.weight$/;
const QUIET_TEXT = /(self_attn\.[qk]_proj|layers\.[1-9]\.self_attn\.out_proj|mlp\.fc2)\.weight$/;

/** A unit vector without mean (layer norms remove the mean). */
function marker(): Float32Array {
  return Float32Array.from({ length: WIDTH }, (_, i) => (i % 2 === 0 ? 1 : -1) / Math.sqrt(WIDTH));
}

/** [vocab_size, hidden_size]; `known` words are those that training continues with. */
export function initialTokenTable(seed: number, known: boolean): Float32Array {
  const deviation = known ? WORD_DEVIATION : UNKNOWN_WORD_DEVIATION;
  const table = randomNormals({ seed, step: 0, purpose: 'token-embeddings' }, VOCABULARY * WIDTH);
  const mark = marker();
  for (let i = 0; i < table.length; i++) {
    const token = Math.floor(i / WIDTH);
    const isWord = token !== START && token !== END;
    table[i] = isWord ? table[i] * deviation + WORD_MARK * mark[i % WIDTH] : -WORD_MARK * mark[i % WIDTH];
  }
  return table;
}

/**
 * The first layer gives every position, padding too, the mean of the words so far: queries select the marker, and values without it are
 * passed on unchanged. So every position of the U-Net's attention contains the sum of subject and style, and training follows the caption
 * from its first step (docs/experiments/base-model.md).
 */
function averageWords(weights: ParameterBuffers, prefix: string): void {
  const layer = `${prefix}encoder.layers.0.self_attn.`;
  const mark = marker();
  const [queryBias, keys, values, output] = ['q_proj.bias', 'k_proj.weight', 'v_proj.weight', 'out_proj.weight'].map((name) =>
    weights.get(layer + name),
  );
  for (let head = 0; head < HEADS; head++) {
    const row = (head * WIDTH) / HEADS;
    queryBias[row] = ATTENTION_TO_WORDS;
    for (let i = 0; i < WIDTH; i++) keys[row * WIDTH + i] = ATTENTION_TO_WORDS * mark[i];
  }
  for (let row = 0; row < WIDTH; row++) {
    for (let i = 0; i < WIDTH; i++) {
      values[row * WIDTH + i] = (row === i ? 1 : 0) - mark[row] * mark[i];
      output[row * WIDTH + i] = row === i ? AVERAGE_GAIN : 0;
    }
  }
}

export function initializeWeights(weights: ParameterBuffers, seed: number): void {
  weights.specs.forEach(({ name, shape }, index) => {
    const values = weights.get(name);
    const key = { seed, step: 0, purpose: 'initial-weights', index };
    if (name.endsWith('position_embedding.weight'))
      values.set(randomNormals(key, values.length).map((value) => value * POSITION_DEVIATION));
    else if (/norm.*\.weight$/.test(name)) values.fill(1);
    else if (shape.length === 1 || SILENT.test(name)) values.fill(0);
    else {
      const bound = (QUIET_TEXT.test(name) ? QUIET : 1) / Math.sqrt(elementCount(shape.slice(1)));
      values.set(Float32Array.from(randomUniforms(key, values.length), (uniform) => (2 * uniform - 1) * bound));
    }
  });
  const prefix = weights.specs
    .map(({ name }) => /^text_encoder\.(?=encoder\.layers\.0\.)/.exec(name)?.[0])
    .find((found) => found !== undefined);
  if (prefix !== undefined) averageWords(weights, prefix);
}
