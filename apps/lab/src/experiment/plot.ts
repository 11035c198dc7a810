// A plot of one metric: a row for each style, a dot for each variant at its mean, a line over the spread of its seeds.
import { type CellResult } from './run-cell.ts';
import { mean, deviation, unique, valueOf } from './statistics.ts';

const [WIDTH, LEFT, RIGHT, ROW, TOP] = [760, 110, 30, 44, 64];
const COLORS = ['#8a8a8a', '#d08a1d', '#2f6db3', '#b3322f', '#3c8d4f', '#7a4fa3', '#1d8f9c', '#a3744f', '#c44f8f'];
const TICKS = 5;

/** Distance of the ticks: 1, 2 or 5 times a power of ten, so that about TICKS of them reach `most`. */
function niceStep(most: number): number {
  const raw = most / TICKS;
  const power = 10 ** Math.floor(Math.log10(raw));
  return ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power;
}

/** Returns an SVG document; the axis starts at zero. */
export function plotMetric(results: readonly CellResult[], name: string, title: string): string {
  const [styles, variants] = [unique(results.map(({ cell }) => cell.style)), unique(results.map(({ cell }) => cell.variant))];
  const spreadOf = (values: readonly number[]): number => deviation(values) ?? 0;
  const dots = styles.flatMap((style, row) =>
    variants.flatMap((variant, series) => {
      const values = results.filter(({ cell }) => cell.style === style && cell.variant === variant).map((result) => valueOf(result, name));
      return values.length === 0 ? [] : [{ row, series, center: mean(values), spread: spreadOf(values) }];
    }),
  );
  const step = niceStep(Math.max(...dots.map(({ center, spread }) => center + spread), 1e-9));
  const most = step * Math.ceil(Math.max(...dots.map(({ center, spread }) => center + spread)) / step);
  const x = (value: number): number => LEFT + (Math.max(0, value) / most) * (WIDTH - LEFT - RIGHT);
  const height = TOP + styles.length * ROW + 30;
  const ticks = Array.from({ length: Math.round(most / step) + 1 }, (_, i) => i * step);
  const parts = [
    `<text x="12" y="22" font-size="15" font-weight="600">${title}</text>`,
    ...variants.map(
      (variant, i) =>
        `<circle cx="${LEFT + i * 160}" cy="43" r="5" fill="${COLORS[i % COLORS.length]}"/><text ` +
        `x="${LEFT + 10 + i * 160}" y="47" font-size="12">${variant}</text>`,
    ),
    ...ticks.map(
      (tick) =>
        `<line x1="${x(tick)}" x2="${x(tick)}" y1="${TOP}" y2="${height - 26}" stroke="#ddd"/><text x="${x(tick)}" ` +
        `y="${height - 10}" font-size="11" text-anchor="middle" fill="#666">${Number(tick.toPrecision(3))}</text>`,
    ),
    ...styles.map(
      (style, row) => `<text x="${LEFT - 12}" y="${TOP + row * ROW + ROW / 2 + 4}" font-size="13" text-anchor="end">${style}</text>`,
    ),
    ...dots.map(({ row, series, center, spread }) => {
      const y = TOP + row * ROW + ((series + 1) * ROW) / (variants.length + 1);
      const color = COLORS[series % COLORS.length];
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
