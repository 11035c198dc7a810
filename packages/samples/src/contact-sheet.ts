// Contact sheets: labelled rows of images as one PNG, for a person to compare.
import type { OverlayOptions } from 'sharp';
import sharp from 'sharp';
import type { TextStyle } from './text-path.ts';
import { textPath, textWidth, wrapText } from './text-path.ts';

/** A PNG (or another format that sharp reads) or raw RGB. null leaves the cell empty. */
export type SheetImage = Uint8Array | { rgb: Uint8Array; width: number; height: number } | null;

export interface ContactSheetOptions {
  rows: readonly { label: string; images: readonly SheetImage[] }[];
  columnLabels?: readonly string[];
  title?: string;
  subtitle?: string;
  footer?: string;
  /** Enlargement factor of every image, without smoothing. Default: 2. */
  scale?: number;
}

interface Layout {
  cell: number;
  left: number;
  top: number;
  width: number;
  height: number;
  columns: number;
  columnLines: string[][];
}

const padding = 24;
const gap = 6;
const titleStyle: TextStyle = { pixels: 24, weight: 600 };
const subtitleStyle: TextStyle = { pixels: 14, fill: '#5b6470' };
const rowStyle: TextStyle = { pixels: 15, weight: 600 };
const columnStyle: TextStyle = { pixels: 12, fill: '#3a414b' };
const footerStyle: TextStyle = { pixels: 12, fill: '#5b6470' };
const lineHeight = 1.3;
const rowLabelWidth = 150;

export async function contactSheet(options: ContactSheetOptions): Promise<Buffer> {
  const pictures = await Promise.all(options.rows.map(({ images }) => Promise.all(images.map(decode))));
  const scale = options.scale ?? 2;
  const largest = Math.max(1, ...pictures.flat().map((picture) => (picture ? Math.max(picture.width, picture.height) : 0)));
  const layout = layOut(options, Math.round(largest * scale));
  const overlays: OverlayOptions[] = [{ input: Buffer.from(textLayer(options, layout)), left: 0, top: 0 }];
  for (const [row, cells] of pictures.entries()) {
    for (const [column, picture] of cells.entries()) {
      if (!picture) continue;
      const { left, top } = cellAt(layout, row, column);
      const width = Math.round(picture.width * scale);
      const height = Math.round(picture.height * scale);
      const input = await sharp(picture.rgb, { raw: { width: picture.width, height: picture.height, channels: 3 } })
        .resize(width, height, { kernel: 'nearest', fit: 'fill' })
        .png()
        .toBuffer();
      overlays.push({ input, left, top });
    }
  }
  return sharp({ create: { width: layout.width, height: layout.height, channels: 3, background: '#ffffff' } })
    .composite(overlays)
    .removeAlpha()
    .png({ compressionLevel: 9 })
    .toBuffer();
}

async function decode(image: SheetImage) {
  if (image === null) return null;
  if (!(image instanceof Uint8Array)) return image;
  const { data, info } = await sharp(image)
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { rgb: data, width: info.width, height: info.height };
}

function layOut(options: ContactSheetOptions, cell: number): Layout {
  const columns = Math.max(options.columnLabels?.length ?? 0, ...options.rows.map((row) => row.images.length));
  const labels = options.rows.flatMap(({ label }) => wrapText(label, rowLabelWidth, rowStyle, 4));
  const labelWidth = Math.ceil(Math.max(0, ...labels.map((line) => textWidth(line, rowStyle))));
  const columnLines = (options.columnLabels ?? []).map((label) => wrapText(label, cell, columnStyle, 4));
  const left = padding + (labelWidth ? labelWidth + 16 : 0);
  const columnLabelHeight = Math.max(0, ...columnLines.map((lines) => lines.length)) * columnStyle.pixels * lineHeight;
  const top = Math.ceil(padding + headingHeight(options) + columnLabelHeight + (columnLabelHeight ? 6 : 0));
  const width = Math.ceil(Math.max(left + columns * (cell + gap) - gap + padding, widthOfHeading(options)));
  const grid = options.rows.length * (cell + gap) - gap;
  const footerLines = options.footer ? wrapText(options.footer, width - 2 * padding, footerStyle, 6).length : 0;
  const height = Math.ceil(top + grid + (footerLines ? 14 + footerLines * footerStyle.pixels * lineHeight : 0) + padding);
  return { cell, left, top, width, height, columns, columnLines };
}

function headingHeight({ title, subtitle }: ContactSheetOptions): number {
  const lines = (title ? titleStyle.pixels * lineHeight : 0) + (subtitle ? subtitleStyle.pixels * lineHeight : 0);
  return lines ? lines + 14 : 0;
}

function widthOfHeading({ title = '', subtitle = '' }: ContactSheetOptions): number {
  return 2 * padding + Math.max(textWidth(title, titleStyle), textWidth(subtitle, subtitleStyle));
}

function cellAt({ left, top, cell }: Layout, row: number, column: number) {
  return { left: left + column * (cell + gap), top: top + row * (cell + gap) };
}

function textLayer(options: ContactSheetOptions, layout: Layout): string {
  const { width, height } = layout;
  const paths = [...heading(options), ...columnHeads(layout), ...rowHeads(options, layout), ...footer(options, layout)];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${paths.join('')}</svg>`;
}

function heading({ title, subtitle }: ContactSheetOptions): string[] {
  const titleBase = padding + titleStyle.pixels * 0.85;
  const subtitleBase = padding + (title ? titleStyle.pixels * lineHeight : 0) + subtitleStyle.pixels;
  return [
    ...(title ? [textPath(title, padding, titleBase, titleStyle)] : []),
    ...(subtitle ? [textPath(subtitle, padding, subtitleBase, subtitleStyle)] : []),
  ];
}

/** SVG texts of the column heads. The last line of each label is right above its column. */
function columnHeads(layout: Layout): string[] {
  const step = columnStyle.pixels * lineHeight;
  return layout.columnLines.flatMap((lines, column) =>
    lines.map((line, i) => {
      const { left, top } = cellAt(layout, 0, column);
      const y = top - 8 - (lines.length - 1 - i) * step;
      return textPath(line, left + layout.cell / 2, y, columnStyle, 'middle');
    }),
  );
}

function rowHeads({ rows }: ContactSheetOptions, layout: Layout): string[] {
  const step = rowStyle.pixels * lineHeight;
  return rows.flatMap(({ label }, row) => {
    const lines = wrapText(label, rowLabelWidth, rowStyle, 4);
    const middle = cellAt(layout, row, 0).top + layout.cell / 2;
    return lines.map((line, i) => {
      const y = middle + (i - (lines.length - 1) / 2) * step + rowStyle.pixels * 0.36;
      return textPath(line, layout.left - 16, y, rowStyle, 'end');
    });
  });
}

function footer(options: ContactSheetOptions, layout: Layout): string[] {
  if (!options.footer) return [];
  const step = footerStyle.pixels * lineHeight;
  const start = cellAt(layout, options.rows.length, 0).top - gap + 14 + footerStyle.pixels;
  return wrapText(options.footer, layout.width - 2 * padding, footerStyle, 6).map((line, i) =>
    textPath(line, padding, start + i * step, footerStyle),
  );
}
