// A grid of images with its values as one image, to be shown where no page is.
import type { Generation } from '@styleforge/sdk';
import { fetchAll, saveBlob } from '../../data/zip.ts';
import { axesOf } from './grid-fields.tsx';

const MOST_PIXELS = 8192;
const GAP = 8;
const HEAD = 40;
const SIDE = 160;

/** Long words end with dots; `fillText` would squeeze them until nobody can read them. */
function cut(context: CanvasRenderingContext2D, text: string, width: number): string {
  let shown = text;
  while (shown.length > 1 && context.measureText(`${shown}…`).width > width) shown = shown.slice(0, -1);
  return context.measureText(text).width <= width ? text : `${shown}…`;
}

const loaded = async (blobs: Blob[]): Promise<ImageBitmap[]> => Promise.all(blobs.map((blob) => createImageBitmap(blob)));

/** White with dark words in both themes, because it leaves the page. */
export async function saveGridImage({ config, images }: Generation, name: string): Promise<void> {
  const { across, down } = axesOf(config);
  // the first image of each cell
  const first = images.filter(({ cell }, at) => images.findIndex((one) => one.cell?.x === cell?.x && one.cell?.y === cell?.y) === at);
  const pictures = await loaded(await fetchAll(first.map(({ url }) => url)));
  const largest = MOST_PIXELS / Math.max(across.values.length, down?.values.length ?? 1) - SIDE;
  const scale = Math.min(1, largest / Math.max(config.width, config.height));
  const [width, height] = [Math.round(config.width * scale), Math.round(config.height * scale)];
  const left = down ? SIDE : GAP;
  const canvas = document.createElement('canvas');
  canvas.width = left + across.values.length * (width + GAP);
  canvas.height = HEAD + (down?.values.length ?? 1) * (height + GAP);
  const context = canvas.getContext('2d')!;
  context.fillStyle = '#fff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = '#111';
  context.font = '14px Inter, sans-serif';
  context.textBaseline = 'middle';
  const x = (at: number) => left + at * (width + GAP);
  const y = (at: number) => HEAD + at * (height + GAP);
  across.values.forEach((value, at) => context.fillText(cut(context, `${across.name} ${value}`, width), x(at), HEAD / 2));
  down?.values.forEach((value, at) => context.fillText(cut(context, `${down.name} ${value}`, SIDE - 2 * GAP), GAP, y(at) + height / 2));
  first.forEach(({ cell }, at) => cell && context.drawImage(pictures[at]!, x(cell.x), y(cell.y), width, height));
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done));
  if (blob === null) throw new Error('The browser could not draw an image of this size.');
  saveBlob(blob, `${name}.png`);
}
