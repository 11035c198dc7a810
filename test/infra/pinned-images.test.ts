// infra/images.json lists every image with its digest, and the check of it finds what is wrong.
import { expect, it } from 'vitest';
import { filesWithImages, imageReferences, listedImages, problemsOf, referenceOf } from '../../infra/check-images.mjs';

const references = filesWithImages().flatMap((file) => imageReferences(file).map((reference) => ({ file, reference })));

it('lists every image that a file names, and no other', () => {
  expect(references.length).toBeGreaterThan(8);
  const newest = Math.max(...listedImages().map(({ released }) => Date.parse(released)));
  expect(problemsOf(listedImages(), references, newest)).toEqual([]);
});

it('finds an image that is not listed, one that is not used, and one that is too old', () => {
  const [image, ...others] = listedImages();
  if (image === undefined) throw new Error('infra/images.json lists no image');
  const now = Date.parse(image.released);
  const found = problemsOf([{ ...image, tag: '1.0' }], [{ file: 'Dockerfile', reference: referenceOf(image) }], now + 400 * 24 * 3_600_000);
  expect(found).toEqual([
    expect.stringContaining('is not in infra/images.json'),
    expect.stringContaining('nothing uses'),
    expect.stringMatching(/take a release of the last 365 days/),
  ]);
  expect(others.length).toBeGreaterThan(3);
});
