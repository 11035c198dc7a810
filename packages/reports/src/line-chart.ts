// Line charts as inline SVG: several series over steps, labeled axes, and a mark at one step.
import { shortNumber } from '@styleforge/contracts';
import { html, type Markup } from './html.ts';

export interface Series {
  label: string;
  points: readonly { x: number; y: number }[];
}

export interface ChartOptions {
  title: string;
  series: readonly Series[];
  /** The step of a vertical line, with its label. */
  mark?: { x: number; label: string };
}

const size = { width: 560, height: 240, left: 58, right: 14, top: 14, bottom: 34 } as const;
const colors = ['var(--series-1)', 'var(--series-2)', 'var(--series-3)'];

interface Axis {
  low: number;
  high: number;
  at(value: number): number;
}

function axis(values: readonly number[], from: number, to: number): Axis {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const padding = most > least ? 0 : Math.max(Math.abs(most) * 0.1, 1e-6);
  const [low, high] = [least - padding, most + padding];
  return { low, high, at: (value) => from + ((value - low) / (high - low)) * (to - from) };
}

const place = (value: number): string => value.toFixed(1);

export function lineChart({ title, series, mark }: ChartOptions): Markup {
  const shown = series.filter(({ points }) => points.length > 0);
  const points = shown.flatMap((one) => one.points);
  const x = axis([...points.map((point) => point.x), ...(mark ? [mark.x] : [])], size.left, size.width - size.right);
  const y = axis(
    points.map((point) => point.y),
    size.height - size.bottom,
    size.top,
  );
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => y.low + share * (y.high - y.low));
  return html`<figure class="chart"><figcaption>${title}</figcaption>
<svg viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${title}">
${ticks.map((value) => html`<line class="grid" x1="${size.left}" x2="${size.width - size.right}" y1="${place(y.at(value))}" y2="${place(y.at(value))}"/><text x="${size.left - 8}" y="${place(y.at(value) + 4)}" text-anchor="end">${shortNumber(value)}</text>`)}
<text x="${size.left}" y="${size.height - 12}">${Math.round(x.low)}</text>
<text x="${size.width - size.right}" y="${size.height - 12}" text-anchor="end">${Math.round(x.high)} steps</text>
${mark ? html`<line class="mark" x1="${place(x.at(mark.x))}" x2="${place(x.at(mark.x))}" y1="${size.top}" y2="${size.height - size.bottom}"/><text class="mark" x="${place(x.at(mark.x) + (x.at(mark.x) > size.width / 2 ? -6 : 6))}" y="${size.top + 10}" text-anchor="${x.at(mark.x) > size.width / 2 ? 'end' : 'start'}">${mark.label}</text>` : null}
${shown.map((one, index) => drawSeries(one, colors[index % colors.length] ?? '', x, y))}
</svg>${legend(shown)}</figure>`;
}

function drawSeries({ points }: Series, color: string, x: Axis, y: Axis): Markup {
  const path = points.map((point) => `${place(x.at(point.x))},${place(y.at(point.y))}`).join(' ');
  const dots =
    points.length > 40
      ? []
      : points.map((point) => html`<circle cx="${place(x.at(point.x))}" cy="${place(y.at(point.y))}" r="2.5" fill="${color}"/>`);
  return html`<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2" stroke-linejoin="round"/>${dots}`;
}

function legend(series: readonly Series[]): Markup {
  return html`<p class="legend">${series.map(({ label }, index) => html`<span><i style="background:${colors[index % colors.length] ?? ''}"></i>${label}</span>`)}</p>`;
}
