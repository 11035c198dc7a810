// Cells of the experiments: which trainings they share, and which images and tokens each of them trains on.
import { listCoreSubjects, styleRefSubjects } from '@styleforge/samples';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXPERIMENTS, listCells, trainingKey, type Cell } from '../src/experiment/cells.ts';
import { promptOf } from '../src/experiment/prompts.ts';
import { auxPart, styleRefParts, type DataFolder } from '../src/experiment/training-data.ts';

const choice = { styles: ['ink'], seeds: 1, steps: 100 };
const cellOf = (experiment: string, variant: string): Cell =>
  listCells({ ...choice, experiments: [experiment] }).find((cell) => cell.variant === variant)!;

describe('cells', () => {
  it('share a training exactly when nothing but their column differs', () => {
    const cells = listCells({ ...choice, experiments: EXPERIMENTS });
    const byKey = new Map<string, string>();
    for (const { experiment: _, variant: __, ...training } of cells) {
      const key = trainingKey(training as Cell);
      const text = JSON.stringify(Object.entries(training).sort());
      if (training.method === 'base') continue;
      expect(byKey.get(key) ?? text).toBe(text);
      byKey.set(key, text);
    }
    expect(new Set(byKey.values()).size).toBe(byKey.size);
    expect(trainingKey(cellOf('components', '1 component'))).toBe(trainingKey(cellOf('paper-table', 'single-styleforge')));
    expect(trainingKey(cellOf('aux', 'without Aux'))).toBe(trainingKey(cellOf('paper-table', 'dreambooth')));
  });

  it('begin with the seed that is requested', () => {
    const cells = listCells({ ...choice, seeds: 2, firstSeed: 1339, experiments: ['aux-style'] });
    expect([...new Set(cells.map(({ seed }) => seed))]).toEqual([1339, 1340]);
  });

  it('refuse an unknown experiment and name the known ones', () => {
    expect(() => listCells({ ...choice, experiments: ['ratio'] })).toThrow(/'ratio': choose from paper-table, aux, aux-style/);
  });
});

describe('training data of a cell', () => {
  let folder: DataFolder;
  const referenceSubjects = new Set(['dragon face', 'popcorn', 'judge']);
  beforeAll(async () => {
    folder = { directory: await mkdtemp(join(tmpdir(), 'cells-')), size: 16, referenceSubjects };
  });
  afterAll(() => rm(folder.directory, { recursive: true }));

  it('has 50 different StyleRef images that neither prompts nor reference images show', async () => {
    const [part] = await styleRefParts(cellOf('style-images', '50 StyleRef images'), folder);
    const subjects = part!.images.map(({ caption }) => caption!);
    expect(new Set(subjects).size).toBe(50);
    const own = new Set(styleRefSubjects().map(({ name }) => name));
    const shownElsewhere = new Set([...referenceSubjects, ...listCoreSubjects().map(({ name }) => name)]);
    expect(subjects.filter((subject) => !own.has(subject) && shownElsewhere.has(subject))).toEqual([]);
  });

  it('divides the same 20 images among components, each with a token of its own', async () => {
    for (const [variant, sizes] of [
      ['2 components', [10, 10]],
      ['3 components', [10, 5, 5]],
      ['4 components', [5, 5, 5, 5]],
    ] as const) {
      const cell = cellOf('components', variant);
      const parts = await styleRefParts(cell, folder);
      expect(parts.map(({ images }) => images.length)).toEqual(sizes);
      expect(new Set(parts.flatMap(({ images }) => images.map(({ path }) => path))).size).toBe(20);
      expect(promptOf(cell, false)).toBe(`a photo of ${parts.map(({ token }) => `${token} style`).join(', ')}, [caption]`);
    }
  });

  it("has one token in each prompt, that of the subject's component, if the cell says so", async () => {
    const cell = cellOf('tokens', "Multi, the subject's own token");
    const parts = await styleRefParts(cell, folder);
    const tokenOf = (component: string) => parts.find((part) => part.component === component)!.token;
    expect(promptOf(cell, true)).toBe(`a photo of ${tokenOf('person')} style, [caption]`);
    expect(promptOf(cell, false)).toBe(`a photo of ${tokenOf('background')} style, [caption]`);
    expect(trainingKey(cell)).not.toBe(trainingKey(cellOf('tokens', 'Multi, both tokens')));
  });

  it('has as many Aux images, in the style, as the cell names', async () => {
    const countOf = async (experiment: string, variant: string) => (await auxPart(cellOf(experiment, variant), folder)).images;
    expect(await countOf('aux', '5 Aux images')).toHaveLength(5);
    expect(new Set((await countOf('aux', '40 Aux images')).map(({ caption }) => caption)).size).toBe(40);
    expect((await countOf('aux-style', 'Aux in noto')).every(({ path }) => path.includes('noto-person-'))).toBe(true);
  });
});
