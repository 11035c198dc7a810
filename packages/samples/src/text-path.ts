// Text as SVG paths from a font in node_modules, so that labels do not depend on the fonts of the machine.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Font } from 'opentype.js';
import opentype from 'opentype.js';

export type FontWeight = 400 | 600;

const require = createRequire(import.meta.url);
const fonts = new Map<FontWeight, Font>();

export interface TextStyle {
  readonly pixels: number;
  readonly weight?: FontWeight;
  readonly fill?: string;
}

/** One line of text. (x, y) is the start, middle or end of its baseline, as `anchor` says. */
export function textPath(text: string, x: number, y: number, style: TextStyle, anchor: 'start' | 'middle' | 'end' = 'start'): string {
  const font = loadFont(style.weight ?? 400);
  const shift = anchor === 'start' ? 0 : textWidth(text, style) / (anchor === 'middle' ? 2 : 1);
  const data: string[] = [];
  placeGlyphs(font, text, style.pixels, (glyph, at) => {
    data.push(glyph.getPath(x - shift + at, y, style.pixels).toPathData(2));
  });
  return `<path fill="${style.fill ?? '#1c1f24'}" d="${data.join('')}"/>`;
}

export function textWidth(text: string, style: TextStyle): number {
  return placeGlyphs(loadFont(style.weight ?? 400), text, style.pixels, () => undefined);
}

/** Breaks text at spaces into at most `maxLines` lines. If it does not fit, the last line ends in an ellipsis. */
export function wrapText(text: string, width: number, style: TextStyle, maxLines: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const longer = line ? `${line} ${word}` : word;
    if (!line || textWidth(longer, style) <= width) {
      line = longer;
      continue;
    }
    lines.push(line);
    line = word;
  }
  if (line) lines.push(line);
  const kept = lines.slice(0, maxLines);
  if (lines.length > maxLines) kept[maxLines - 1] = `${kept[maxLines - 1]} …`;
  return kept.map((each) => shorten(each, width, style));
}

function shorten(line: string, width: number, style: TextStyle): string {
  let kept = line;
  while (kept.length > 1 && textWidth(kept, style) > width) kept = `${kept.replace(/\s?…$/, '').slice(0, -1)}…`;
  return kept;
}

/** Places glyph by glyph with kerning, and returns the advance. Labels need none of the font's contextual substitutions. */
function placeGlyphs(font: Font, text: string, pixels: number, place: (glyph: ReturnType<Font['charToGlyph']>, x: number) => void): number {
  const scale = pixels / font.unitsPerEm;
  let x = 0;
  let previous: ReturnType<Font['charToGlyph']> | undefined;
  for (const character of text) {
    const glyph = font.charToGlyph(character);
    if (previous) x += font.getKerningValue(previous, glyph) * scale;
    place(glyph, x);
    x += (glyph.advanceWidth ?? 0) * scale;
    previous = glyph;
  }
  return x;
}

function loadFont(weight: FontWeight): Font {
  const known = fonts.get(weight);
  if (known) return known;
  const file = readFileSync(require.resolve(`@fontsource/inter/files/inter-latin-${weight}-normal.woff`));
  const font = opentype.parse(file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength));
  fonts.set(weight, font);
  return font;
}
