// The notation of a report's numbers, the same on its page and in a terminal.
import type { ReportMetric } from './reports.ts';

/** A number with three to four significant digits. */
export function shortNumber(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1000) return value.toFixed(0);
  if (size >= 100) return value.toFixed(1);
  if (size >= 1) return value.toFixed(2);
  return size >= 1e-4 ? value.toFixed(Math.min(6, 2 - Math.floor(Math.log10(size)))) : value.toExponential(1);
}

/** KID is shown in thousandths, as is usual in tables. */
const scaleOf = ({ metric }: Pick<ReportMetric, 'metric'>): number => (metric === 'kid' ? 1000 : 1);

export function shownMetric(metric: Pick<ReportMetric, 'metric' | 'value'>): string {
  return shortNumber(metric.value * scaleOf(metric));
}

/** `3.10 to 4.25`; null where no interval was computed. */
export function shownInterval({ interval, metric }: Pick<ReportMetric, 'interval' | 'metric'>): string | null {
  if (interval === null) return null;
  const scale = scaleOf({ metric });
  return `${shortNumber(interval.low * scale)} to ${shortNumber(interval.high * scale)}`;
}

/** `kid@mini-clip ×1000` */
export function shownName(metric: Pick<ReportMetric, 'metric' | 'name'>): string {
  return metric.metric === 'kid' ? `${metric.name} ×1000` : metric.name;
}
