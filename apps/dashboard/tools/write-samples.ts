// Writes the sample images of "Try it with sample images": a style to learn, and people in another style.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listSampleStyles, sampleStyle } from '@styleforge/samples';

/** The size of the shipped base model; larger ones take a second for each image. */
const SIZE = 64;
const SETS = { style_ref: 'ink', aux: 'fluent' } as const;

export async function writeSamples(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const manifest: Record<string, unknown> = { size: SIZE };
  for (const [kind, style] of Object.entries(SETS)) {
    const licence = listSampleStyles().find(({ id }) => id === style)?.licence;
    const images = await sampleStyle(style, { size: SIZE });
    for (const { fileName, png } of images) await writeFile(join(folder, fileName), png);
    manifest[kind] = {
      style,
      licence: licence && `${licence.attribution} (${licence.spdx})`,
      images: images.map(({ fileName, component, subject }) => ({ file: fileName, component, caption: subject })),
    };
  }
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
}
