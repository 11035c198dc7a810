// Standard output: text and tables for people, or one JSON document. Everything else goes to standard error.
import { stripVTControlCharacters, styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];
export type Cell = string | number | null | undefined;

const GOOD = ['succeeded', 'up', 'ready', 'kept', 'finished', 'ok'];
const BAD = ['failed', 'down', 'refused', 'cancelled', 'not_ready'];
const BUSY = ['running', 'validating', 'evaluating', 'pausing', 'queued', 'paused'];

export class Output {
  readonly json: boolean;
  readonly #color: boolean;

  constructor({ json, color }: { json: boolean; color: boolean }) {
    this.json = json;
    this.#color = color;
  }

  /** Result of a command: `show` writes it for people, `body` is what --json prints. */
  result(body: unknown, show: () => void): void {
    if (this.json) process.stdout.write(`${JSON.stringify(body, null, 2)}\n`);
    else show();
  }

  line(text = ''): void {
    process.stdout.write(`${text}\n`);
  }

  /** Writes a line to standard error; scripts that need only the result read standard output. */
  note(text: string): void {
    if (!this.json) process.stderr.write(`${text}\n`);
  }

  table(headings: string[], rows: Cell[][], whenEmpty: string): void {
    if (rows.length === 0) return this.line(whenEmpty);
    const cells = rows.map((row) =>
      row.map((cell) => this.status(cell === null || cell === undefined || cell === '' ? '-' : String(cell))),
    );
    const widths = headings.map((heading, column) => Math.max(widthOf(heading), ...cells.map((row) => widthOf(row[column] ?? ''))));
    const write = (row: string[]) =>
      this.line(
        row
          .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell)))
          .join('  ')
          .trimEnd(),
      );
    write(headings.map((heading) => this.style('dim', heading)));
    cells.forEach(write);
  }

  details(pairs: [string, Cell][]): void {
    const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== '');
    const width = Math.max(...shown.map(([name]) => name.length));
    for (const [name, value] of shown) this.line(`${this.style('dim', name.padEnd(width))}  ${this.status(String(value))}`);
  }

  style(style: Style, text: string): string {
    return this.#color ? styleText(style, text, { validateStream: false }) : text;
  }

  status(text: string): string {
    if (GOOD.includes(text)) return this.style('green', text);
    if (BAD.includes(text)) return this.style('red', text);
    return BUSY.includes(text) ? this.style('yellow', text) : text;
  }
}

function widthOf(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}

/** Formats a time for people: "3 min ago", "2026-11-24 18:02". */
export function formatTime(iso: string | null | undefined): string {
  if (!iso) return '-';
  const minutes = Math.floor((Date.now() - Date.parse(iso)) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  return minutes < 24 * 60 ? `${Math.floor(minutes / 60)} h ago` : iso.slice(0, 16).replace('T', ' ');
}

export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  const clock = `${String(minutes).padStart(hours > 0 ? 2 : 1, '0')}:${String(whole % 60).padStart(2, '0')}`;
  return hours > 0 ? `${hours}:${clock}` : clock;
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
