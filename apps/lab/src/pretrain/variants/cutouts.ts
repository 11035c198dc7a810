// Cutouts: every subject in every base style as RGBA, rendered once to one file.
import { baseStyles, listSubjects, renderCutout } from '@styleforge/samples';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CANVAS_PIXELS, CANVAS_SIZE, type Cutout } from './canvas.ts';

const BYTES = CANVAS_PIXELS * 4;

export async function loadCutouts(directory: string, log: (line: string) => void): Promise<Cutout[]> {
  const tasks = baseStyles.flatMap((style) => listSubjects().map((subject) => ({ style, subject })));
  const path = join(directory, `cutouts-${CANVAS_SIZE}-${tasks.length}.rgba`);
  const known = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  const bytes = known?.length === tasks.length * BYTES ? known : await renderAll(path);
  return tasks.map((_, i) => new Uint8Array(bytes.buffer, bytes.byteOffset + i * BYTES, BYTES));

  async function renderAll(target: string): Promise<Uint8Array> {
    const whole = new Uint8Array(tasks.length * BYTES);
    for (const [i, { style, subject }] of tasks.entries()) {
      whole.set(await renderCutout(style, subject, CANVAS_SIZE), i * BYTES);
      if ((i + 1) % 500 === 0) log(`rendered ${i + 1} of ${tasks.length} cutouts`);
    }
    await mkdir(directory, { recursive: true });
    await writeFile(`${target}.partial`, whole);
    await rename(`${target}.partial`, target);
    return whole;
  }
}
