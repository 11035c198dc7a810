// What people read is written in plain words: doc comments, texts of the service, test names and documents.
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { faultsOf, sentencesOfDocument, sentencesOfRepository, sentencesOfSource } from './plain-words.ts';

it('no sentence uses a word or an opening that readers stumble over', () => {
  const sentences = sentencesOfRepository(fileURLToPath(new URL('../..', import.meta.url)));
  for (const kind of ['comment', 'text', 'test name', 'document'])
    expect(sentences.filter((sentence) => sentence.kind === kind).length, kind).toBeGreaterThan(300);
  expect(faultsOf(sentences)).toEqual([]);
});

it('finds a fragment, a riddle and a wrong word, and leaves code and data alone', () => {
  const source = [
    '/** Of each image, in order. */',
    'export const a = "The body is no JSON";',
    '/** Seed of the first image. */',
    "const pictures = ['pictures/style', `$" + '{pictures.length}`];',
    "throw new Error('Mend the folder');",
  ].join('\n');
  expect(faultsOf(sentencesOfSource('packages/x/src/a.ts', source))).toEqual([
    expect.stringMatching(/^packages\/x\/src\/a\.ts:1: "Of" in a comment/),
    expect.stringMatching(/:2: "is no JSON" in a text/),
    expect.stringMatching(/:5: "Mend" in a text; write: repair/),
  ]);
  const document = 'The `pictures` folder.\n```\nnew pictures anew\n```\nTake the picture.';
  expect(faultsOf(sentencesOfDocument('README.md', document))).toEqual([expect.stringMatching(/^README\.md:5: "picture"/)]);
});
