// npm run pretrain:texture-scale: measures the mean and spread of each texture statistic over varied images and writes them into
// packages/metrics.
import { textureStatistics } from '@styleforge/metrics';
import { writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readCommandLine } from '../command-line.ts';
import { numberOption } from '../options.ts';
import { IMAGE_SIZE } from './geometry.ts';
import { loadCutouts } from './variants/cutouts.ts';
import { writeVariant } from './variants/variant-source.ts';

const SCALE_FILE = fileURLToPath(new URL('../../../../packages/metrics/src/extractors/texture/texture-scale.ts', import.meta.url));

const { values } = readCommandLine({
  usage: 'npm run pretrain:texture-scale',
  about:
    'Measures the scale of the texture statistics over cutouts of the base styles on grounds, treated at random; ' +
    'no target style is among them.',
  options: {
    directory: { type: 'string', default: '.styleforge/pretrain', help: 'folder of the pretraining run, for the rendered cutouts' },
    images: { type: 'string', default: '2000', help: 'images to measure' },
  },
});
const log = (line: string): void => console.log(line);
const cutouts = await loadCutouts(join(values.directory, 'images'), log);
const pixels = IMAGE_SIZE ** 2;
const rows: number[][] = [];
for (let index = 0; index < numberOption('images', values.images, { least: 2 }); index++) {
  const planes = new Float32Array(3 * pixels);
  writeVariant(cutouts, { seed: 1, step: 0, index }, planes, 0);
  const rgb = Uint8Array.from({ length: 3 * pixels }, (_, i) => Math.round((planes[(i % 3) * pixels + Math.floor(i / 3)] + 1) * 127.5));
  rows.push(textureStatistics({ width: IMAGE_SIZE, height: IMAGE_SIZE, rgb }));
  if (rows.length % 200 === 0) log(`${rows.length} images measured`);
}
const columns = rows[0].map((_, column) => rows.map((row) => row[column]));
const means = columns.map((column) => column.reduce((sum, value) => sum + value, 0) / column.length);
const deviations = columns.map((column, i) => Math.sqrt(column.reduce((sum, value) => sum + (value - means[i]) ** 2, 0) / column.length));
const list = (name: string, about: string, numbers: readonly number[]): string =>
  `/** ${about} */\nexport const ${name}: readonly number[] = ` +
  `[\n${numbers.map((value) => `  ${Number(value.toPrecision(5))},\n`).join('')}];\n`;
await writeFile(
  SCALE_FILE,
  [
    '// Mean and spread of each texture statistic over varied images, written by `npm run pretrain:texture-scale`.\n',
    list('TEXTURE_MEANS', 'Means, in the order of `textureStatistics`.', means),
    list('TEXTURE_DEVIATIONS', 'Standard deviations in the same order.', deviations),
  ].join('\n'),
);
log(`${rows.length} images of ${cutouts.length} cutouts: ${relative(process.cwd(), SCALE_FILE)}`);
