// Captions among dropped files: for the images next to them, or for those that are in the dataset already.
import { expect, it } from 'vitest';
import { type FileState, summaryOf } from '../src/data/uploads.ts';
import { captionsFor, whyUnreadable, withCaptions } from '../src/data/dropped-files.ts';

const dropped = (path: string, text = '') => ({ path, file: new File([text], path.split('/').at(-1)!) });
const files = [dropped('ink/cat.png'), dropped('ink/cat.txt', 'a cat\n'), dropped('ink/dog.caption', 'a dog')];

it('gives an image the caption of the same name', async () => {
  expect(await withCaptions(files)).toMatchObject([{ name: 'cat.png', caption: 'a cat' }]);
  const lines = dropped('ink/metadata.jsonl', '{"file_name":"cat.png","text":"one cat"}\n');
  expect(await withCaptions([dropped('ink/cat.png'), lines])).toMatchObject([{ caption: 'one cat' }]);
});

it('says why an image of another kind is not read', () => {
  expect(whyUnreadable('IMG_0001.HEIC')).toBe('HEIC files are not read: save it as PNG, JPEG or WebP');
  expect(whyUnreadable('style.rar')).toBe('RAR files are not read: save it as a zip archive');
  expect(['a.png', 'b.zip', 'c.txt'].map(whyUnreadable)).toEqual([undefined, undefined, undefined]);
});

it('finds the images of a dataset by the names of caption files', async () => {
  const images = ['cat.webp', 'dog.png', 'bird.png'].map((name) => ({ id: `img_${name}`, file_name: name }));
  expect(await captionsFor(files, images)).toEqual({ 'img_cat.webp': 'a cat', 'img_dog.png': 'a dog' });
});

it('counts the caption files and masks of an archive apart from its images', () => {
  const files = (...states: FileState['status'][]) => states.map((status) => ({ name: 'a', status }));
  expect(summaryOf(files('kept', 'caption', 'kept', 'caption', 'refused'))).toBe('2 images and 2 caption files uploaded, 1 refused');
  expect(summaryOf(files('kept', 'caption', 'mask'))).toBe('1 image, 1 caption file, and 1 mask uploaded');
  expect(summaryOf(files('kept'))).toBe('1 image uploaded');
});
