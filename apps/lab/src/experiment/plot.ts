// A plot of one metric: a row for each style, a dot for each variant at its mean, a line over the spread of its seeds.
import { type CellResult } from './run-cell.ts';
import { mean, deviation, unique, valueOf } from './statistics.ts';

const [WIDTH, LEFT, RIGHT] = [760, 110, 30];
/** Height of a variant in a style's row, and of an entry's line in the legend. */
const [LINE, LEGEND_LINE] = [11, 20];
const LEGEND_COLUMNS = 3;
const COLORS = ['#8a8a8a', '#d08a1d', '#2f6db3', '#b3322f', '#3c8d4f', '#7a4fa3', '#1d8f9c', '#a3744f', '#c44f8f'];
const TICKS = 5;

/** Distance of the ticks: 1, 2 or 5 times a power of ten, so that about TICKS of them reach `most`. */
function niceStep(most: number): number {
  const raw = most / TICKS;
  const power = 10 ** Math.floor(Math.log10(raw));
  return ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power;
}

const colorOf = (series: number): string => COLORS[series % COLORS.length]!;

function legend(variants: readonly string[]): string[] {
  const width = (WIDTH - LEFT) / LEGEND_COLUMNS;
  return variants.map((variant, i) => {
    const [x, y] = [LEFT + (i % LEGEND_COLUMNS) * width, 43 + Math.floor(i / LEGEND_COLUMNS) * LEGEND_LINE];
    return `<circle cx="${x}" cy="${y}" r="5" fill="${colorOf(i)}"/><text x="${x + 10}" y="${y + 4}" font-size="12">${variant}</text>`;
  });
}

function axis(most: number, step: number, x: (value: number) => number, top: number, height: number): string[] {
  return Array.from({ length: Math.round(most / step) + 1 }, (_, i) => i * step).map(
    (tick) =>
      `<line x1="${x(tick)}" x2="${x(tick)}" y1="${top}" y2="${height - 26}" stroke="#ddd"/><text x="${x(tick)}" ` +
      `y="${height - 10}" font-size="11" text-anchor="middle" fill="#666">${Number(tick.toPrecision(3))}</text>`,
  );
}

/** Returns an SVG document; the axis starts at zero. */
export function plotMetric(results: readonly CellResult[], name: string, title: string): string {
  const [styles, variants] = [unique(results.map(({ cell }) => cell.style)), unique(results.map(({ cell }) => cell.variant))];
  const dots = styles.flatMap((style, row) =>
    variants.flatMap((variant, series) => {
      const values = results.filter(({ cell }) => cell.style === style && cell.variant === variant).map((result) => valueOf(result, name));
      return values.length === 0 ? [] : [{ row, series, center: mean(values), spread: deviation(values) ?? 0 }];
    }),
  );
  const furthest = Math.max(...dots.map(({ center, spread }) => center + spread), 1e-9);
  const step = niceStep(furthest);
  const most = step * Math.ceil(furthest / step);
  const x = (value: number): number => LEFT + (Math.max(0, value) / most) * (WIDTH - LEFT - RIGHT);
  const top = 44 + Math.ceil(variants.length / LEGEND_COLUMNS) * LEGEND_LINE;
  const rowHeight = (variants.length + 1) * LINE;
  const height = top + styles.length * rowHeight + 30;
  const parts = [
    `<text x="12" y="22" font-size="15" font-weight="600">${title}</text>`,
    ...legend(variants),
    ...axis(most, step, x, top, height),
    ...styles.map((style, row) => {
      const y = top + row * rowHeight + rowHeight / 2 + 4;
      return `<text x="${LEFT - 12}" y="${y}" font-size="13" text-anchor="end">${style}</text>`;
    }),
    ...dots.map(({ row, series, center, spread }) => {
      const [y, color] = [top + row * rowHeight + (series + 1) * LINE, colorOf(series)];
      return (
        `<line x1="${x(center - spread)}" x2="${x(center + spread)}" y1="${y}" y2="${y}" stroke="${color}" ` +
        `stroke-width="2"/><circle cx="${x(center)}" cy="${y}" r="4.5" fill="${color}"/>`
      );
    }),
  ];
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" ` +
    `font-family="system-ui, sans-serif"><rect width="100%" height="100%" fill="#fff"/>${parts.join('')}</svg>\n`
  );
}
