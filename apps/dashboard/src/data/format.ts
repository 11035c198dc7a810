// Formats numbers, sizes, durations and times for people.
const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  if (h > 0) return `${h} h ${m} min`;
  return m > 0 ? `${m} min ${String(s).padStart(2, '0')} s` : `${s} s`;
}

const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });

export function ago(time: string): string {
  const seconds = (Date.parse(time) - Date.now()) / 1000;
  if (Math.abs(seconds) < 45) return 'just now';
  if (Math.abs(seconds) < 3600) return RELATIVE.format(Math.round(seconds / 60), 'minute');
  if (Math.abs(seconds) < 86_400) return RELATIVE.format(Math.round(seconds / 3600), 'hour');
  return RELATIVE.format(Math.round(seconds / 86_400), 'day');
}

export function number(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined) return '–';
  if (value !== 0 && Math.abs(value) < 1e-3) return value.toExponential(1).replace('e-', 'e-').replace('.0', '');
  return Number.isInteger(value) ? value.toLocaleString('en') : value.toFixed(digits);
}

/** Three digits, because a large model on a processor takes many seconds for a sample. */
export const speed = (samplesPerSecond: number): string => `${Number(samplesPerSecond.toPrecision(3))} samples/s`;

export const plural = (count: number, one: string, many = `${one}s`): string => `${count.toLocaleString('en')} ${count === 1 ? one : many}`;

/** The last part of an id, enough to distinguish ids. */
export const shortId = (id: string): string => id.slice(-6);
