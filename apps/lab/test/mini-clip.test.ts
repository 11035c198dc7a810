// The shipped feature extractor knows images that it has not been trained on.
import { openExtractor } from '@styleforge/metrics';
import { listSubjects, renderSubject } from '@styleforge/samples';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { allStyles, isHeldOutPair } from '../src/mini-clip/pairs.ts';
import { placesOf } from '../src/mini-clip/places.ts';

const folder = fileURLToPath(new URL('../../../models/mini-clip/', import.meta.url));
const CAPTIONS = 100;
const SIZE = 64;

/** One held-out pair of each of a hundred subjects, the styles in turn. */
function heldOutPairs() {
  const subjects = listSubjects();
  const byStyle = allStyles.map((style) =>
    subjects.filter(({ id }) => isHeldOutPair({ subject: id, style })).map((subject) => ({ subject, style })),
  );
  const chosen = new Map<string, (typeof byStyle)[number][number]>();
  for (let i = 0; chosen.size < CAPTIONS; i++) {
    for (const pairs of byStyle) {
      const pair = pairs[i];
      if (pair && chosen.size < CAPTIONS && !chosen.has(pair.subject.name)) chosen.set(pair.subject.name, pair);
    }
  }
  return [...chosen.values()];
}

it('is small, and finds the name of a held-out image among the best five of a hundred for three of five images', async () => {
  const sizes = await Promise.all((await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size));
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(20e6);
  const pairs = heldOutPairs();
  const pictures = await Promise.all(
    pairs.map(async ({ subject, style }) => ({
      image: { rgb: await renderSubject(style, subject, { size: SIZE }), width: SIZE, height: SIZE },
      name: subject.name,
    })),
  );
  const extractor = await openExtractor({ name: 'mini-clip', weights: { path: folder } });
  const places = await placesOf(
    extractor,
    pictures,
    pictures.map(({ name }) => name),
  );
  await extractor.release();
  expect(places.filter((place) => place <= 5).length / places.length).toBeGreaterThanOrEqual(0.6);
});
