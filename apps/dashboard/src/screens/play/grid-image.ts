// A grid of images with its values as one image, to be shown where no page is.
import type { GeneratedImage, Generation } from '@styleforge/sdk';
import { fetchAll, saveBlob } from '../../data/zip.ts';
import { axesOf } from './grid-fields.tsx';

const MOST_PIXELS = 8192;
const GAP = 8;
const HEAD = 40;
const SIDE = 160;
/** Half of the height of a line of words. */
const LINE = 10;

/** Long words end with dots; `fillText` would squeeze them until nobody can read them. */
function cut(context: CanvasRenderingContext2D, text: string, width: number): string {
  let shown = text;
  while (shown.length > 1 && context.measureText(`${shown}…`).width > width) shown = shown.slice(0, -1);
  return context.measureText(text).width <= width ? text : `${shown}…`;
}

const loaded = async (blobs: Blob[]): Promise<ImageBitmap[]> => Promise.all(blobs.map((blob) => createImageBitmap(blob)));

/** Images by cell, each at its place in the cell; `prompts` has the prompt of each place, if they differ. */
function stacksOf(images: GeneratedImage[]): { depth: number; placeOf(image: GeneratedImage): number; prompts: string[] } {
  const key = ({ cell }: GeneratedImage): string => `${cell?.x} ${cell?.y}`;
  const cells = new Map<string, GeneratedImage[]>();
  for (const image of images) cells.set(key(image), [...(cells.get(key(image)) ?? []), image]);
  const fullest = [...cells.values()].reduce((most, cell) => (cell.length > most.length ? cell : most), []);
  const places = fullest.map(({ prompt }) => prompt);
  return {
    depth: fullest.length,
    prompts: new Set(places).size > 1 ? places : [],
    placeOf(image) {
      const cell = cells.get(key(image)) ?? [];
      const alike = cell.filter(({ prompt }) => prompt === image.prompt).indexOf(image);
      const same = places.flatMap((prompt, place) => (prompt === image.prompt ? [place] : []));
      return same[alike] ?? cell.indexOf(image);
    },
  };
}

/** White with dark words in both themes, because it leaves the page. */
export async function saveGridImage({ config, images }: Generation, name: string): Promise<void> {
  const { across, down } = axesOf(config);
  const { depth, prompts, placeOf } = stacksOf(images);
  const pictures = await loaded(await fetchAll(images.map(({ url }) => url)));
  const rows = (down?.values.length ?? 1) * depth;
  const room = (pixels: number, count: number): number => (MOST_PIXELS - pixels) / count - GAP;
  const scale = Math.min(1, room(SIDE, across.values.length) / config.width, room(HEAD, rows) / config.height);
  const [width, height] = [Math.floor(config.width * scale), Math.floor(config.height * scale)];
  const left = down || prompts.length > 0 ? SIDE : GAP;
  const canvas = document.createElement('canvas');
  canvas.width = left + across.values.length * (width + GAP);
  canvas.height = HEAD + rows * (height + GAP);
  const context = blank(canvas);
  const x = (at: number) => left + at * (width + GAP);
  const y = (row: number, place = 0) => HEAD + (row * depth + place) * (height + GAP);
  const write = (text: string, at: [x: number, y: number], room: number) => context.fillText(cut(context, text, room), ...at);
  across.values.forEach((value, at) => write(`${across.name} ${value}`, [x(at), HEAD / 2], width));
  (down?.values ?? ['']).forEach((value, row) => {
    if (down) write(`${down.name} ${value}`, [GAP, y(row) + LINE], SIDE - 2 * GAP);
    prompts.forEach((prompt, place) => write(prompt, [GAP, y(row, place) + 2 * LINE + GAP], SIDE - 2 * GAP));
  });
  images.forEach((image, at) => {
    const { cell } = image;
    if (cell) context.drawImage(pictures[at]!, x(cell.x), y(cell.y, placeOf(image)), width, height);
  });
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done));
  if (blob === null) throw new Error('The browser could not draw an image of this size.');
  saveBlob(blob, `${name}.png`);
}

function blank(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext('2d')!;
  context.fillStyle = '#fff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = '#111';
  context.font = '14px Inter, sans-serif';
  context.textBaseline = 'middle';
  return context;
}
