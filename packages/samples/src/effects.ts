// Effects that turn one drawing into another style. Each takes a supersampled RGB square and returns the final one.
import sharp from 'sharp';

export interface RgbSquare {
  readonly rgb: Uint8Array;
  readonly size: number;
}

export type Effect = (source: RgbSquare, size: number) => Promise<Uint8Array>;

type Color = readonly [number, number, number];

/** Reduces the size with Lanczos filtering and keeps the colors: the effect of every plain style. */
export async function reduce(source: RgbSquare, size: number): Promise<Uint8Array> {
  return resize(source, size, 'lanczos3');
}

/** Draws white lines on blue paper, from a black and white drawing. */
export async function blueprint(source: RgbSquare, size: number): Promise<Uint8Array> {
  const reduced = await reduce(source, size);
  return mapLuminance(reduced, [
    [240, 246, 255],
    [24, 66, 148],
  ]);
}

/** Maps luminance to a gradient from night blue over coral to cream. */
export async function duotone(source: RgbSquare, size: number): Promise<Uint8Array> {
  const reduced = await reduce(source, size);
  return mapLuminance(reduced, [
    [27, 27, 80],
    [110, 40, 110],
    [240, 84, 78],
    [250, 170, 110],
    [255, 240, 214],
  ]);
}

/** Draws blocks of size/16 pixels, each in the most frequent palette color of its area. */
export async function pixelArt(source: RgbSquare, size: number): Promise<Uint8Array> {
  const cells = 16;
  const fine = await resize(source, cells * blockSamples, 'cubic');
  const coarse = new Uint8Array(cells * cells * 3);
  for (let cell = 0; cell < cells * cells; cell++) {
    const corner = Math.floor(cell / cells) * cells * blockSamples ** 2 + (cell % cells) * blockSamples;
    coarse.set(palette[mostFrequent(fine, corner, cells * blockSamples)]!, 3 * cell);
  }
  return resize({ rgb: coarse, size: cells }, size, 'nearest');
}

/** Draws with a pencil: dark lines where luminance changes, diagonal hatching where it is low, on slightly warm paper. */
export async function sketch(source: RgbSquare, size: number): Promise<Uint8Array> {
  const large = size * 2;
  const gray = luminance(await resize(source, large, 'lanczos3'));
  const soft = luminance(await blur(source, large));
  const drawn = new Uint8Array(large * large * 3);
  for (let i = 0; i < gray.length; i++) {
    const x = i % large;
    const y = (i - x) / large;
    const line = Math.min(1, Math.max(0, (soft[i]! - gray[i]!) / 40));
    const hatch = (x + y) % 6 < 3 ? Math.max(0, (215 - gray[i]!) / 215) * 0.55 : 0;
    const ink = Math.max(line, hatch);
    drawn.set([250 - 190 * ink, 246 - 184 * ink, 236 - 168 * ink], i * 3);
  }
  return resize({ rgb: drawn, size: large }, size, 'lanczos3');
}

const blockSamples = 8;

const palette: readonly Color[] = [
  [20, 20, 28],
  [34, 44, 96],
  [112, 28, 72],
  [18, 84, 52],
  [120, 66, 34],
  [84, 88, 100],
  [186, 198, 212],
  [255, 255, 255],
  [214, 32, 56],
  [255, 148, 24],
  [255, 214, 64],
  [70, 168, 64],
  [48, 150, 232],
  [132, 92, 184],
  [244, 120, 164],
  [255, 204, 160],
];

const white = palette.findIndex((color) => color.every((value) => value === 255));
/** Share of a block above which white, also the color of the paper, wins. Lower shares would hide thin and pale things. */
const whiteMajority = 0.6;

/** Index of the palette color that is nearest to the most samples of a block. */
function mostFrequent(rgb: Uint8Array, corner: number, stride: number): number {
  const votes = new Uint16Array(palette.length);
  for (let y = 0; y < blockSamples; y++) {
    for (let x = 0; x < blockSamples; x++) votes[nearestColor(rgb, 3 * (corner + y * stride + x))]!++;
  }
  if (votes[white]! <= whiteMajority * blockSamples ** 2) votes[white] = 0;
  return votes.indexOf(Math.max(...votes));
}

function nearestColor(rgb: Uint8Array, at: number): number {
  let best = 0;
  let bestDistance = Infinity;
  for (const [index, color] of palette.entries()) {
    const [red, green, blue] = [0, 1, 2].map((c) => rgb[at + c]! - color[c]!) as [number, number, number];
    const distance = 2 * red * red + 4 * green * green + 3 * blue * blue;
    if (distance < bestDistance) [best, bestDistance] = [index, distance];
  }
  return best;
}

function luminance(rgb: Uint8Array): Float32Array {
  const gray = new Float32Array(rgb.length / 3);
  for (let i = 0; i < gray.length; i++) {
    gray[i] = 0.299 * rgb[3 * i]! + 0.587 * rgb[3 * i + 1]! + 0.114 * rgb[3 * i + 2]!;
  }
  return gray;
}

/** Maps luminance to a gradient whose stops are spread evenly from black to white. */
function mapLuminance(rgb: Uint8Array, stops: readonly Color[]): Uint8Array {
  const mapped = new Uint8Array(rgb.length);
  luminance(rgb).forEach((gray, i) => {
    const at = Math.min(gray / 255, 1) * (stops.length - 1);
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
