// clip and mini-clip: both encoders of a CLIP folder in transformers' layout, as unit vectors in one space.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CLIPModel, CLIPTokenizer, endOfTextIndices, ModelPrograms, parseCLIPConfig, type CLIPConfig } from '@styleforge/diffusion';
import { openTensors, type TensorReader } from '@styleforge/weights';
import { clipInput, parseClipPreprocessing, type ClipPreprocessing } from './clip-preprocessing.ts';
import { embedInBatches } from './embed-in-batches.ts';
import type { EmbedOptions, ExtractorConfig, FeatureExtractor, RgbImage } from './feature-extractor.ts';
import type { Features } from '../distances/features.ts';

async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8')) as unknown;
}

export class ClipExtractor implements FeatureExtractor {
  readonly name: 'clip' | 'mini-clip';
  readonly resize = 'clip';
  readonly weightsSha256: string;
  readonly #model: CLIPModel;
  readonly #preprocessing: ClipPreprocessing;
  readonly #tokenizer: CLIPTokenizer;
  readonly #reader: TensorReader;
  readonly #programs: ModelPrograms;

  private constructor(
    name: 'clip' | 'mini-clip',
    sha256: string,
    config: CLIPConfig,
    preprocessing: ClipPreprocessing,
    tokenizer: CLIPTokenizer,
    reader: TensorReader,
    threads?: number,
  ) {
    this.name = name;
    this.weightsSha256 = sha256;
    this.#model = new CLIPModel(config);
    this.#preprocessing = preprocessing;
    this.#tokenizer = tokenizer;
    this.#reader = reader;
    this.#programs = new ModelPrograms((wanted) => this.#read([...wanted.keys()]), threads === undefined ? {} : { threads });
  }

  static async open(directory: string, sha256: string, { name, threads }: ExtractorConfig): Promise<ClipExtractor> {
    const config = parseCLIPConfig(await readJson(join(directory, 'config.json')));
    const preprocessing = parseClipPreprocessing(
      await readJson(join(directory, 'preprocessor_config.json')),
      config.vision_config.image_size,
    );
    const tokenizer = await CLIPTokenizer.fromDirectory(directory);
    const reader = await openTensors(join(directory, 'model.safetensors'));
    return new ClipExtractor(name as 'clip' | 'mini-clip', sha256, config, preprocessing, tokenizer, reader, threads);
  }

  get dimension(): number {
    return this.#model.config.projection_dim;
  }

  async #read(names: readonly string[]): Promise<Map<string, Float32Array>> {
    const weights = new Map<string, Float32Array>();
    for (const name of names) weights.set(name, await this.#reader.read(name));
    return weights;
  }

  embedImages(images: Iterable<RgbImage> | AsyncIterable<RgbImage>, options: EmbedOptions = {}): Promise<Features> {
    const { num_channels: channels, image_size: side } = this.#model.config.vision_config;
    const size = channels * side ** 2;
    return embedInBatches(images, this.dimension, options, async (batch) => {
      const program = await this.#programs.program(`images of ${batch.length}`, (graph) => ({
        embeddings: this.#model.imageEmbeddings(graph, graph.input('pixels', [batch.length, channels, side, side])),
      }));
      const pixels = new Float32Array(batch.length * size);
      batch.forEach((image, i) => clipInput(image, this.#preprocessing, pixels, i * size));
      return (await program.run({ pixels })).embeddings;
    });
  }

  /** Embeds texts. A text that is too long for the encoder is cut before its end token. */
  embedTexts(texts: Iterable<string>, options: EmbedOptions = {}): Promise<Features> {
    const { text_config: config } = this.#model.config;
    const length = this.#tokenizer.maxLength;
    return embedInBatches(texts, this.dimension, options, async (batch) => {
      const program = await this.#programs.program(`texts of ${batch.length}`, (graph) => ({
        embeddings: this.#model.textEmbeddings(graph, {
          inputIds: graph.input('ids', [batch.length, length], 'int32'),
          endOfText: graph.input('ends', [batch.length], 'int32'),
        }),
      }));
      const ids = Int32Array.from(batch.flatMap((text) => this.#tokenizer.encode(text)));
      return (await program.run({ ids, ends: endOfTextIndices(ids, length, config) })).embeddings;
    });
  }

  async release(): Promise<void> {
    await this.#programs.release();
    await this.#reader.close();
  }
}
