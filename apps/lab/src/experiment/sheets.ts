// A sheet for each style, for people to compare: images of the style, and below them the same subjects by every method.
import { contactSheet } from '@styleforge/samples';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { trainingKey, type Cell } from './cells.ts';

const COLUMNS = 10;

/** Folder of the images that a cell keeps. */
export const generatedFolder = (directory: string, cell: Cell): string => join(directory, 'generated', cell.style, trainingKey(cell));

/** Evenly spaced images of a folder, in the order of their names. */
async function spread(folder: string): Promise<Buffer[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.png')).sort();
  const columns = Math.min(COLUMNS, names.length);
  const chosen = Array.from({ length: columns }, (_, column) => names[Math.floor((column * names.length) / columns)]!);
  return Promise.all(chosen.map((name) => readFile(join(folder, name))));
}

/** Writes `paper-table-STYLE.png` for each style, from the cells of one seed. */
export async function writeSheets(directory: string, cells: readonly Cell[]): Promise<void> {
  const seed = Math.min(...cells.map((cell) => cell.seed));
  for (const style of new Set(cells.map((cell) => cell.style))) {
    const shown = cells.filter((cell) => cell.style === style && cell.seed === seed);
    const rows = await Promise.all(
      shown.map(async (cell) => ({ label: cell.variant, images: await spread(generatedFolder(directory, cell)) })),
    );
    const sheet = await contactSheet({
      rows: [{ label: 'the style', images: await spread(join(directory, 'reference', style)) }, ...rows],
      title: `${style}: ${shown[0]!.steps} training steps`,
      subtitle: `The same subjects and seeds (${seed} ...) in each row of generated images; no StyleRef image shows them`,
      scale: 1,
    });
    await writeFile(join(directory, `${shown[0]!.experiment}-${style}.png`), sheet);
  }
}
