// Curves over the steps: smoothed, on a linear or log scale, with marks for checkpoints and samples, and a shared crosshair.
import type { ReactElement } from 'react';
import { useEffect, useMemo, useRef } from 'react';
import uPlot from 'uplot';
import { dragOptions, selectByTouch, showData, takeSelection, type Zoom } from './chart-zoom.ts';

export type Curve = { label: string; color: string; values: (number | null)[]; faint?: boolean };
export type Marks = { checkpoints: number[]; samples: number[] };

/** Exponential moving average with correction of its bias towards zero at the beginning. */
export function smooth(values: (number | null)[], weight: number): (number | null)[] {
  if (weight === 0) return values;
  let sum = 0;
  let norm = 0;
  return values.map((value) => {
    if (value === null) return null;
    sum = sum * weight + value * (1 - weight);
    norm = norm * weight + (1 - weight);
    return sum / norm;
  });
}

/** The values within four times the middle half, on either side of it; null in place of the others. */
export function withoutOutliers(values: (number | null)[]): (number | null)[] {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  const [low, high] = [at(0.25), at(0.75)];
  const reach = 4 * (high - low);
  return values.map((value) => (value !== null && value >= low - reach && value <= high + reach ? value : null));
}

/** Calls back when the system or the page changes between light and dark. */
function onTheme(change: () => void): () => void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const chosen = new MutationObserver(change);
  dark.addEventListener('change', change);
  chosen.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  return () => {
    dark.removeEventListener('change', change);
    chosen.disconnect();
  };
}

/** Canvas does not support custom properties, so an element resolves them. */
function resolveColor(variable: string): string {
  const probe = document.createElement('i');
  probe.style.color = `var(${variable})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** Pixels between two lines of a kind, on average; where they would be closer, they are short marks at the foot. */
const APART = 18;
const FOOT = 8;

function drawMarks(u: uPlot, { checkpoints, samples }: Marks): void {
  const { ctx, bbox } = u;
  const bottom = bbox.top + bbox.height;
  const draw = (steps: number[], color: string, dash: number[]) => {
    const places = steps
      .map((step) => Math.round(u.valToPos(step, 'x', true)))
      .filter((x) => x >= bbox.left && x <= bbox.left + bbox.width);
    const isDense = places.length * APART * devicePixelRatio > bbox.width;
    ctx.strokeStyle = resolveColor(color);
    ctx.setLineDash(isDense ? [] : dash);
    ctx.beginPath();
    for (const x of new Set(places)) {
      ctx.moveTo(x, isDense ? bottom - FOOT * devicePixelRatio : bbox.top);
      ctx.lineTo(x, bottom);
    }
    ctx.stroke();
  };
  ctx.save();
  ctx.lineWidth = devicePixelRatio;
  draw(samples, '--line', []);
  draw(checkpoints, '--line-strong', [4 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.restore();
}

type ChartProps = {
  steps: number[];
  curves: Curve[];
  isLog: boolean;
  marks: Marks;
  step: number | null;
  onStep(step: number | null): void;
  /** The steps that are shown; null: all. */
  zoom: Zoom | null;
  onZoom(zoom: Zoom | null): void;
  height?: number;
};

/** Where uPlot shows no crosshair. */
const HIDDEN = -10;

/** No ticks between two steps. */
const WHOLE_STEPS = [0, 1, 2, 3, 4, 5, 6].flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power));

function optionsOf(
  { curves, isLog, height = 260 }: ChartProps,
  width: number,
  cursor: uPlot.Cursor,
  hooks: uPlot.Hooks.Arrays,
): uPlot.Options {
  // Functions, which uPlot calls each time it draws, so that colors follow the theme.
  const axis = {
    stroke: () => resolveColor('--ink-soft'),
    grid: { stroke: () => resolveColor('--line'), width: 1 },
    ticks: { show: false },
    font: '12px Inter, sans-serif',
  };
  return {
    width,
    height,
    hooks,
    legend: { show: false },
    cursor: { y: false, points: { size: 7 }, ...cursor },
    scales: { x: { time: false }, y: isLog ? { distr: 3 } : {} },
    axes: [
      { ...axis, incrs: WHOLE_STEPS, size: 30 },
      { ...axis, size: 64, values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : Number(tick.toPrecision(3)).toString())) },
    ],
    series: [
      { label: 'step' },
      ...curves.map(({ label, color, faint }) => ({
        label,
        stroke: () => resolveColor(color),
        width: faint ? 1 : 2,
        alpha: faint ? 0.25 : 1,
        points: { show: false },
        spanGaps: true,
      })),
    ],
  };
}

export function LossChart(props: ChartProps): ReactElement {
  const { steps, curves, isLog, marks, step, onStep, zoom, onZoom } = props;
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const isPointed = useRef(false);
  const latest = useRef({ marks, onStep, onZoom });
  latest.current = { marks, onStep, onZoom };
  const zoomTo = (next: Zoom | null) => latest.current.onZoom(next);
  const isPositive = (value: number | null) => value === null || value > 0;
  const data = useMemo<uPlot.AlignedData>(
    () => [steps, ...curves.map(({ values }) => (isLog ? values.map((value) => (isPositive(value) ? value : null)) : values))],
    [steps, curves, isLog],
  );
  const shape = `${isLog} ${curves.map(({ label, faint }) => label + String(faint)).join()}`;
  useEffect(() => {
    const element = frame.current!;
    const hooks: uPlot.Hooks.Arrays = {
      drawClear: [(u) => drawMarks(u, latest.current.marks)],
      setSelect: [(u) => takeSelection(u, zoomTo)],
      setCursor: [
        (u) =>
          isPointed.current &&
          latest.current.onStep(u.cursor.idx === null || u.cursor.idx === undefined ? null : (u.data[0][u.cursor.idx] ?? null)),
      ],
    };
    const made = new uPlot(optionsOf(props, element.clientWidth, dragOptions(zoomTo), hooks), data, element);
    plot.current = made;
    selectByTouch(made);
    // uPlot keeps its last pointer event after the pointer has left, so this checks whether it is over the chart.
    made.over.addEventListener('mouseenter', () => void (isPointed.current = true));
    made.over.addEventListener('mouseleave', () => {
      isPointed.current = false;
      latest.current.onStep(null);
    });
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: made.height }));
    observer.observe(element);
    const forgetTheme = onTheme(() => made.redraw(false));
    return () => {
      observer.disconnect();
      forgetTheme();
      made.destroy();
      plot.current = null;
      isPointed.current = false;
    };
  }, [shape]);
  useEffect(() => {
    if (plot.current) showData(plot.current, data, zoom);
  }, [data, zoom, shape]);
  useEffect(() => plot.current?.redraw(false), [marks]);
  useEffect(() => {
    const u = plot.current;
    if (!u || isPointed.current) return;
    const place = step === null ? HIDDEN : u.valToPos(step, 'x');
    u.setCursor({ left: place > u.over.clientWidth ? HIDDEN : place, top: 0 }, false);
  }, [step, zoom]);
  return (
    <div
      ref={frame}
      className="chart"
      role="img"
      aria-label={`${curves.map(({ label }) => label).join(', ')} over ${steps.length} steps`}
    />
  );
}
