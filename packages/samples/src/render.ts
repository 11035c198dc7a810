// Renders one subject in one style as raw RGB or PNG, on a plain background with the same margin for all styles.
import sharp, { type OverlayOptions } from 'sharp';
import { reduce } from './effects.ts';
import { loadIconSet } from './icon-sets.ts';
import type { StyleId } from './styles.ts';
import { styleOf } from './styles.ts';
import type { Subject } from './subjects.ts';

export interface RenderOptions {
  /** Width and height in pixels. Default: 64. */
  size?: number;
  /** Default: white. */
  background?: string;
  mirrored?: boolean;
}

const supersampling = 4;
/** Supersampling factor of cutouts. They are larger than the image that is made of them, so half of the usual factor is enough. */
const cutoutSupersampling = 2;
/** Share of the image that stays empty on each side of the drawing's larger dimension. */
const margin = 0.04;
/** Maximum enlargement to fill the image. The sets leave different margins around their drawings. */
const largestEnlargement = 1.5;

export async function renderSubject(style: StyleId, subject: Subject, options: RenderOptions = {}): Promise<Uint8Array> {
  const size = options.size ?? 64;
  if (!Number.isInteger(size) || size < 8 || size > 2048) throw new Error(`size is ${size}: choose an integer from 8 to 2048`);
  const { packageName, color, effect } = styleOf(style);
  const large = size * supersampling;
  const svg = Buffer.from(loadIconSet(packageName).svg(subject.unicodeKey, large, color));
  const rgb = await composed(svg, large, options);
  return (effect ?? reduce)({ rgb, size: large }, size);
}

export async function renderPng(style: StyleId, subject: Subject, options: RenderOptions = {}): Promise<Buffer> {
  const size = options.size ?? 64;
  return encodePng(await renderSubject(style, subject, options), size, size);
}

export async function encodePng(rgb: Uint8Array, width: number, height: number): Promise<Buffer> {
  return sharp(rgb, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 9 })
    .toBuffer();
}

/** The drawing without a background: RGBA, not premultiplied, with the same margin as `renderSubject`. */
export async function renderCutout(style: StyleId, subject: Subject, size: number): Promise<Uint8Array> {
  const { packageName, color } = styleOf(style);
  const large = size * cutoutSupersampling;
  const svg = Buffer.from(loadIconSet(packageName).svg(subject.unicodeKey, large, color));
  const whole = await sharp({ create: { width: large, height: large, channels: 4, background: '#00000000' } })
    .composite([await placedDrawing(svg, large, {})])
    .raw()
    .toBuffer();
  const reduced = sharp(whole, { raw: { width: large, height: large, channels: 4 } }).resize(size, size, { kernel: 'lanczos3' });
  return new Uint8Array(await reduced.raw().toBuffer());
}

async function composed(svg: Buffer, size: number, options: RenderOptions): Promise<Uint8Array> {
  return sharp({ create: { width: size, height: size, channels: 3, background: options.background ?? '#ffffff' } })
    .composite([await placedDrawing(svg, size, options)])
    .removeAlpha()
    .raw()
    .toBuffer();
}

/** Crops the drawing, scales it to the common margin, and centers it in a square of `size` pixels. */
async function placedDrawing(svg: Buffer, size: number, { mirrored }: RenderOptions): Promise<OverlayOptions> {
  const drawing = await sharp(svg).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  const box = opaqueBox(drawing.data, drawing.info.width, drawing.info.height);
  const room = size * (1 - 2 * margin);
  const scale = Math.min(room / Math.max(box.width, box.height), largestEnlargement);
  const width = Math.max(1, Math.round(box.width * scale));
  const height = Math.max(1, Math.round(box.height * scale));
  const { info } = drawing;
  let cut = sharp(drawing.data, { raw: { width: info.width, height: info.height, channels: 4 } })
    .extract(box)
    .resize(width, height, { kernel: 'lanczos3', fit: 'fill' });
  if (mirrored) cut = cut.flop();
  const left = Math.round((size - width) / 2);
  const top = Math.round((size - height) / 2);
  return { input: await cut.raw().toBuffer(), raw: { width, height, channels: 4 }, left, top };
}

function opaqueBox(rgba: Uint8Array, width: number, height: number) {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (rgba[4 * (y * width + x) + 3]! < 16) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = y;
    }
  }
  if (right < 0) return { left: 0, top: 0, width, height };
  return { left, top, width: right - left + 1, height: bottom - top + 1 };
}
