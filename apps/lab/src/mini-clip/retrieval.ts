// Measures how well mini-clip finds the right caption of a held-out image among a hundred.
import { type CLIPModel } from '@styleforge/diffusion';
import { graphFor, Program, type ParameterBuffers } from '@styleforge/runtime';
import { imageOf, type ImageCache, type ImageRecord } from '@styleforge/samples';
import { IMAGE_SIZE } from '../pretrain/geometry.ts';
import { isHeldOutPair, PIXELS, writePlanes } from './pairs.ts';

export interface EncodedTexts {
  readonly inputIds: Int32Array;
  readonly endOfText: Int32Array;
}

export interface RetrievalOptions {
  readonly model: CLIPModel;
  readonly weights: ParameterBuffers;
  readonly cache: ImageCache;
  readonly encode: (texts: readonly string[]) => EncodedTexts;
}

export interface Retrieval {
  readonly pictures: number;
  readonly top1: number;
  readonly top5: number;
}

const CAPTIONS = 100;

/** Groups of a hundred held-out images of distinct subjects, spread over all styles in the order of the cache. */
function groupsOf(records: readonly ImageRecord[]): ImageRecord[][] {
  const groups: ImageRecord[][] = [];
  for (const record of records) {
    let group = groups.find((candidate) => candidate.length < CAPTIONS && !candidate.some(({ name }) => name === record.name));
    if (!group) groups.push((group = []));
    group.push(record);
  }
  return groups.filter(({ length }) => length === CAPTIONS);
}

/** Shares of images whose bare name is the closest, or among the five closest, of a hundred names. */
export async function measureRetrieval({ model, weights, cache, encode }: RetrievalOptions): Promise<Retrieval> {
  const graph = graphFor();
  const images = model.imageEmbeddings(graph, graph.input('pixels', [CAPTIONS, 3, IMAGE_SIZE, IMAGE_SIZE]));
  const tokens = model.config.text_config.max_position_embeddings;
  const texts = model.textEmbeddings(graph, {
    inputIds: graph.input('ids', [CAPTIONS, tokens], 'int32'),
    endOfText: graph.input('ends', [CAPTIONS], 'int32'),
  });
  const program = (await Program.compile(graph, { scores: graph.matmul(images, texts, { transposeB: true }) })).bind(weights.entries());
  const found = { pictures: 0, top1: 0, top5: 0 };
  const stride = cache.records.filter(isHeldOutPair).sort((a, b) => (a.subject < b.subject ? -1 : 1));
  for (const group of groupsOf(stride)) {
    const pixels = new Float32Array(CAPTIONS * PIXELS);
    group.forEach((record, i) => writePlanes(imageOf(cache, record), pixels, i * PIXELS));
    const { inputIds, endOfText } = encode(group.map(({ name }) => name));
    const { scores } = await program.run({ pixels, ids: inputIds, ends: endOfText });
    for (let i = 0; i < CAPTIONS; i++) {
      const row = scores.subarray(i * CAPTIONS, (i + 1) * CAPTIONS);
      const better = row.reduce((count, score) => count + (score > row[i] ? 1 : 0), 0);
      found.pictures++;
      if (better < 1) found.top1++;
      if (better < 5) found.top5++;
    }
  }
  await program.release();
  return { pictures: found.pictures, top1: found.top1 / found.pictures, top5: found.top5 / found.pictures };
}
