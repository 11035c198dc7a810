// What people read is written in plain words: doc comments, texts of the service, test names and documents.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
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
  const riddles = "// Whoever reads it\nthrow new Error('The job goes on');\nit('leaves out so many beside it');";
  expect(faultsOf(sentencesOfSource('packages/x/src/b.ts', riddles)).map((fault) => /"(.*?)"/.exec(fault)?.[1])).toEqual([
    'Whoever',
    'goes on',
    'so many',
    'leaves out',
    'beside',
  ]);
  const idioms = "// Workers that stand by\nthrow new Error('The graph foretells it; choose of two');\nit('meets an error');";
  expect(faultsOf(sentencesOfSource('packages/x/src/c.ts', idioms)).map((fault) => /"(.*?)"/.exec(fault)?.[1])).toEqual([
    'stand by',
    'foretells',
    'choose of',
    'meets an error',
  ]);
  const document = 'The `pictures` folder.\n```\nnew pictures anew\n```\nTake the picture.';
  expect(faultsOf(sentencesOfDocument('README.md', document))).toEqual([expect.stringMatching(/^README\.md:5: "picture"/)]);
});

it('every decision record has its status, context, decision and consequences, and names what supersedes it', async () => {
  const folder = fileURLToPath(new URL('../../docs/decisions', import.meta.url));
  const records = (await readdir(folder)).filter((name) => name.endsWith('.md'));
  expect(records.length).toBeGreaterThan(15);
  for (const name of records) {
    const text = await readFile(join(folder, name), 'utf8');
    const headings = [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
    expect(headings.slice(0, 4), name).toEqual(['Status', 'Context', 'Decision', 'Consequences']);
    const status = text.slice(text.indexOf('## Status'), text.indexOf('## Context'));
    if (/superseded/i.test(status)) expect(status, name).toMatch(/superseded[^]*\]\(\d{4}-/i);
  }
});

it('every log of experiments opens with what holds today', async () => {
  const folder = fileURLToPath(new URL('../../docs/experiments', import.meta.url));
  const logs = (await readdir(folder)).filter((name) => name.endsWith('.md'));
  expect(logs.length).toBeGreaterThan(5);
  for (const name of logs) expect((await readFile(join(folder, name), 'utf8')).match(/^## .*$/m)?.[0], name).toBe('## What holds today');
});
