// Effects that turn one drawing into another style: each takes a supersampled RGB square and gives the final one.
import sharp from 'sharp';

export interface RgbSquare {
  readonly rgb: Uint8Array;
  readonly size: number;
}

export type Effect = (source: RgbSquare, size: number) => Promise<Uint8Array>;

type Colour = readonly [number, number, number];

/** Lanczos reduction without change of colours: the effect of every plain style. */
export async function reduce(source: RgbSquare, size: number): Promise<Uint8Array> {
  return resize(source, size, 'lanczos3');
}

/** White lines on blue paper, from a black and white drawing. */
export async function blueprint(source: RgbSquare, size: number): Promise<Uint8Array> {
  const reduced = await reduce(source, size);
  return mapLuminance(reduced, [[240, 246, 255], [24, 66, 148]]);
}

/** Night blue over coral to cream by luminance. */
export async function duotone(source: RgbSquare, size: number): Promise<Uint8Array> {
  const reduced = await reduce(source, size);
  return mapLuminance(reduced, [[27, 27, 80], [110, 40, 110], [240, 84, 78], [250, 170, 110], [255, 240, 214]]);
}

/** Blocks of size/16 pixels in the nearest of sixteen colours. */
export async function pixelArt(source: RgbSquare, size: number): Promise<Uint8Array> {
  const cells = 16;
  const coarse = await resize(source, cells, 'cubic');
  for (let i = 0; i < coarse.length; i += 3) coarse.set(nearestColour(coarse[i]!, coarse[i + 1]!, coarse[i + 2]!), i);
  return resize({ rgb: coarse, size: cells }, size, 'nearest');
}

/** Pencil: dark lines where luminance changes, diagonal hatching where it is low, on slightly warm paper. */
export async function sketch(source: RgbSquare, size: number): Promise<Uint8Array> {
  const large = size * 2;
  const grey = luminance(await resize(source, large, 'lanczos3'));
  const soft = luminance(await blur(source, large));
  const drawn = new Uint8Array(large * large * 3);
  for (let i = 0; i < grey.length; i++) {
    const x = i % large;
    const y = (i - x) / large;
    const line = Math.min(1, Math.max(0, (soft[i]! - grey[i]!) / 40));
    const hatch = (x + y) % 6 < 3 ? Math.max(0, (215 - grey[i]!) / 215) * 0.55 : 0;
    const ink = Math.max(line, hatch);
    drawn.set([250 - 190 * ink, 246 - 184 * ink, 236 - 168 * ink], i * 3);
  }
  return resize({ rgb: drawn, size: large }, size, 'lanczos3');
}

const sixteenColours: readonly Colour[] = [
  [0, 0, 0], [29, 43, 83], [126, 37, 83], [0, 135, 81], [171, 82, 54], [95, 87, 79], [194, 195, 199], [255, 255, 255],
  [255, 0, 77], [255, 163, 0], [255, 236, 39], [0, 228, 54], [41, 173, 255], [131, 118, 156], [255, 119, 168], [255, 204, 170],
];

function nearestColour(red: number, green: number, blue: number): Colour {
  let best = sixteenColours[0]!;
  let bestDistance = Infinity;
  for (const colour of sixteenColours) {
    const distance = 2 * (red - colour[0]) ** 2 + 4 * (green - colour[1]) ** 2 + 3 * (blue - colour[2]) ** 2;
    if (distance < bestDistance) [best, bestDistance] = [colour, distance];
  }
  return best;
}

function luminance(rgb: Uint8Array): Float32Array {
  const grey = new Float32Array(rgb.length / 3);
  for (let i = 0; i < grey.length; i++) {
    grey[i] = 0.299 * rgb[3 * i]! + 0.587 * rgb[3 * i + 1]! + 0.114 * rgb[3 * i + 2]!;
  }
  return grey;
}

/** Gradient map: the stops are spread evenly from black to white. */
function mapLuminance(rgb: Uint8Array, stops: readonly Colour[]): Uint8Array {
  const mapped = new Uint8Array(rgb.length);
  luminance(rgb).forEach((grey, i) => {
    const at = Math.min(grey / 255, 1) * (stops.length - 1);
    const low = Math.min(Math.floor(at), stops.length - 2);
    for (let c = 0; c < 3; c++) {
      mapped[3 * i + c] = Math.round(stops[low]![c]! + (at - low) * (stops[low + 1]![c]! - stops[low]![c]!));
    }
  });
  return mapped;
}

function square({ rgb, size }: RgbSquare) {
  return sharp(rgb, { raw: { width: size, height: size, channels: 3 } });
}

async function resize(source: RgbSquare, size: number, kernel: 'lanczos3' | 'cubic' | 'nearest'): Promise<Uint8Array> {
  if (source.size === size) return Uint8Array.from(source.rgb);
  return new Uint8Array(await square(source).resize(size, size, { kernel }).raw().toBuffer());
}

async function blur(source: RgbSquare, size: number): Promise<Uint8Array> {
  const resized = await square(source).resize(size, size, { kernel: 'lanczos3' }).raw().toBuffer();
  return new Uint8Array(await square({ rgb: resized, size }).blur(2).raw().toBuffer());
}
