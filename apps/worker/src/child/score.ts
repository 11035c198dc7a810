// Scores how well each image fits its own text.
import { cosines, readImages } from '@styleforge/metrics';
import type { MessageFromChild, ScoreTask } from '../processes/messages.ts';
import { openConfiguredExtractor } from './configured-extractor.ts';
import type { Parent } from './parent.ts';

/** Scale of a CLIP score: 100 times the cosine. */
const SCALE = 100;

export async function score(task: ScoreTask, { signal }: Parent): Promise<MessageFromChild> {
  const { images, texts, extractorsDirectory } = task;
  const extractor = await openConfiguredExtractor({ name: task.extractor, extractorsDirectory, signal });
  try {
    if (!extractor.embedTexts) throw new Error(`the extractor ${extractor.name} reads no texts`);
    const distinct = [...new Set(texts)];
    const rows = await extractor.embedTexts(distinct, { signal });
    const textRows = new Float32Array(texts.length * rows.dimension);
    texts.forEach((text, i) => {
      const at = distinct.indexOf(text) * rows.dimension;
      textRows.set(rows.data.subarray(at, at + rows.dimension), i * rows.dimension);
    });
    const embedded = await extractor.embedImages(readImages(images), { signal });
    const pairs = cosines(embedded, { ...rows, count: texts.length, data: textRows });
    return { type: 'result', scores: Array.from(pairs, (cosine) => Math.max(0, SCALE * cosine)) };
  } finally {
    await extractor.release();
  }
}
