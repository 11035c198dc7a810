// Contrastive training of mini-clip (arXiv 2103.00020, section 2.3): matches the images and texts of a batch.
import { type Graph, type Tensor } from '@styleforge/autodiff';
import { CLIPModel, type CLIPTokenizer, endOfTextIndices, parseCLIPConfig, randomNormals } from '@styleforge/diffusion';
import { graphFor, ParameterBuffers, TrainingProgram } from '@styleforge/runtime';
import { type ImageCache } from '@styleforge/samples';
import { join } from 'node:path';
import { IMAGE_SIZE } from '../pretrain/geometry.ts';
import { initializeWeights } from '../pretrain/initialize.ts';
import { runTrainingLoop } from '../pretrain/training-loop.ts';
import { CaptionVocabulary } from '../pretrain/vocabulary.ts';
import { clipConfig, TEXT_TOKENS } from './geometry.ts';
import { PairSource, textsOf } from './pairs.ts';
import { measureRetrieval, type EncodedTexts, type Retrieval } from './retrieval.ts';

export interface MiniClipOptions {
  readonly cache: ImageCache;
  readonly tokenizer: CLIPTokenizer;
  readonly directory: string;
  readonly steps: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly snapshotMinutes: number;
  readonly threads?: number;
  readonly seed: number;
  readonly log: (line: string) => void;
  readonly onSnapshot: (weights: ParameterBuffers, step: number, retrieval: Retrieval) => Promise<void>;
}

const TABLE = 'text_model.embeddings.token_embedding.weight';
const WORD_DEVIATION = 0.1;
/** ln 100: the scale of the logits stays below a hundred, as in CLIP. */
const LARGEST_LOGIT_SCALE = Math.log(100);

/** Mean of -log softmax(logits)[i, i] over the rows of [n, n]. */
function diagonalCrossEntropy(graph: Graph, logits: Tensor): Tensor {
  const [n] = logits.shape;
  const identity = graph.constant(
    Float32Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0)),
    [n, n],
  );
  const shifted = graph.sub(logits, graph.stopGradient(graph.reduceMax(logits, [1], true)));
  const logSums = graph.log(graph.reduceSum(graph.exp(shifted), [1]));
  return graph.reduceMean(graph.sub(logSums, graph.reduceSum(graph.mul(shifted, identity), [1])), [0]);
}

function buildGraph(model: CLIPModel, batch: number): { graph: Graph; loss: Tensor } {
  const graph = graphFor();
  const images = model.imageEmbeddings(graph, graph.input('pixels', [batch, 3, IMAGE_SIZE, IMAGE_SIZE]));
  const texts = model.textEmbeddings(graph, {
    inputIds: graph.input('ids', [batch, TEXT_TOKENS], 'int32'),
    endOfText: graph.input('ends', [batch], 'int32'),
  });
  const logits = model.logitsPerImage(graph, images, texts);
  const loss = graph.mul(graph.add(diagonalCrossEntropy(graph, logits), diagonalCrossEntropy(graph, graph.transpose(logits, [1, 0]))), 0.5);
  return { graph, loss };
}

function initialTable(seed: number): Float32Array {
  const { vocab_size, hidden_size } = clipConfig.text_config;
  return randomNormals({ seed, step: 0, purpose: 'clip-token-embeddings' }, vocab_size * hidden_size).map(
    (value) => value * WORD_DEVIATION,
  );
}

function initialize(weights: ParameterBuffers, vocabulary: CaptionVocabulary, seed: number): void {
  initializeWeights(weights, seed);
  vocabulary.initialize(weights);
  weights.get('logit_scale')[0] = clipConfig.logit_scale_init_value;
}

/** The model with a vocabulary reduced to the words of the captions, and the conversion of texts to its inputs. */
function vocabularyAndModel({ cache, tokenizer, seed }: MiniClipOptions) {
  const vocabulary = new CaptionVocabulary({
    tokenizer,
    captions: cache.records.flatMap(textsOf),
    tableName: TABLE,
    initialTable: () => initialTable(seed),
    untrainedTable: () => initialTable(seed),
  });
  const { text_config: text } = clipConfig;
  const model = new CLIPModel(
    parseCLIPConfig({
      ...clipConfig,
      text_config: { ...text, vocab_size: vocabulary.ids.length, eos_token_id: vocabulary.placeOf(text.eos_token_id) },
    }),
  );
  const encode = (texts: readonly string[]): EncodedTexts => {
    const inputIds = Int32Array.from(texts.flatMap((caption) => vocabulary.encode(caption)));
    return { inputIds, endOfText: endOfTextIndices(inputIds, TEXT_TOKENS, model.config.text_config) };
  };
  return { vocabulary, model, encode };
}

/** Returns the averaged weights with the whole token table. */
export async function trainMiniClip(options: MiniClipOptions): Promise<ParameterBuffers> {
  const { cache, directory, steps, batchSize, seed, log } = options;
  const { vocabulary, model, encode } = vocabularyAndModel(options);
  const { graph, loss } = buildGraph(model, batchSize);
  const weights = new ParameterBuffers([...graph.parameters].map(([name, { shape }]) => ({ name, shape })));
  initialize(weights, vocabulary, seed);
  const program = await TrainingProgram.create({
    graph,
    loss,
    outputs: { loss },
    trainable: weights,
    adamw: { beta1: 0.9, beta2: 0.98, epsilon: 1e-8 },
    compile: { threads: options.threads },
  });
  const source = new PairSource(cache, seed);
  const ema = await runTrainingLoop({
    program,
    steps,
    batchSize,
    log,
    stateDirectory: join(directory, 'state-mini-clip'),
    learningRate: options.learningRate,
    warmupSteps: 100,
    emaDecay: 0.998,
    maxGradNorm: 1,
    snapshotMinutes: options.snapshotMinutes,
    pass: async (step) => {
      const { pixels, texts } = source.batch(step, batchSize);
      const { inputIds, endOfText } = encode(texts);
      return (await program.backward({ pixels, ids: inputIds, ends: endOfText })).loss[0];
    },
    afterUpdate: () => {
      const scale = weights.get('logit_scale');
      scale[0] = Math.min(scale[0], LARGEST_LOGIT_SCALE);
    },
    onSnapshot: async (averaged, { step }) => {
      const retrieval = await measureRetrieval({ model, weights: averaged, cache, encode });
      log(
        `mini-clip at step ${step}: of ${retrieval.pictures} held-out images ${(100 * retrieval.top1).toFixed(1)} % ` +
          `found first, ${(100 * retrieval.top5).toFixed(1)} % among five of a hundred names`,
      );
      await options.onSnapshot(vocabulary.expand(averaged), step, retrieval);
    },
  });
  await program.release();
  return vocabulary.expand(ema);
}
