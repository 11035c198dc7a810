// Numbers as people read them.
import type { ReportMetric } from '@styleforge/contracts';

/** Three to four digits that mean something. */
export function shortNumber(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1000) return value.toFixed(0);
  if (size >= 100) return value.toFixed(1);
  if (size >= 1) return value.toFixed(2);
  return size >= 1e-4 ? value.toFixed(Math.min(6, 2 - Math.floor(Math.log10(size)))) : value.toExponential(1);
}

/** KID is told in thousandths, as tables have it. */
export const scaleOf = ({ metric }: Pick<ReportMetric, 'metric'>): number => (metric === 'kid' ? 1000 : 1);

export function shownMetric(metric: ReportMetric): string {
  return shortNumber(metric.value * scaleOf(metric));
}

/** `kid@mini-clip ×1000` */
export function shownName(metric: Pick<ReportMetric, 'metric' | 'name'>): string {
  return metric.metric === 'kid' ? `${metric.name} ×1000` : metric.name;
}

export function shownDuration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} seconds`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} minutes`;
  return `${(seconds / 3600).toFixed(1)} hours`;
}

export const plural = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`;
