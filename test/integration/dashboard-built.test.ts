// The built page of the dashboard: its size, its files before the first view, and no other servers.
import { beforeAll, describe, expect, it } from 'vitest';
import { buildPage, compressedSizes, readAsset } from './dashboard-page.ts';

const KB = 1000;

beforeAll(() => buildPage());

const importsOf = (name: string, pattern: RegExp): string[] =>
  [...readAsset(`assets/${name}`).matchAll(pattern)].map(([, file = '']) => file);
const entry = (): string => /src="\/app\/assets\/([^"]+)"/.exec(readAsset('index.html'))?.[1] ?? '';

/** The files and all that they import before they run. */
function filesOf(names: string[]): Set<string> {
  const files = new Set(names);
  for (const name of files) for (const next of importsOf(name, /(?:from|import)["`]\.\/([^"`]+\.js)["`]/g)) files.add(next);
  return files;
}

function sizeOf(files: Set<string>): number {
  const sizes = compressedSizes('.js');
  return [...files].reduce((total, name) => total + (sizes[name] ?? Number.NaN), 0);
}

describe('the built page', () => {
  it('has less than 250 kB of compressed JavaScript, and less than 40 kB of styles', () => {
    const sum = (sizes: Record<string, number>) => Object.values(sizes).reduce((total, size) => total + size, 0);
    expect(sum(compressedSizes('.js'))).toBeLessThan(250 * KB);
    expect(sum(compressedSizes('.css'))).toBeLessThan(40 * KB);
  });

  it('needs a page, one style sheet, and at most 120 kB of JavaScript in few files before its first view', () => {
    const files = filesOf([entry()]);
    expect(files.size).toBeLessThan(16);
    expect(sizeOf(files)).toBeLessThan(120 * KB);
    expect(Object.keys(compressedSizes('.css'))).toHaveLength(1);
  });

  it('needs at most 175 kB of JavaScript for any one screen', () => {
    const late = [...filesOf([entry()])].flatMap((name) => importsOf(name, /import\(["`]\.\/([^"`]+\.js)["`]\)/g));
    expect(late.length).toBeGreaterThan(4);
    for (const name of late) expect(sizeOf(filesOf([entry(), name])), name).toBeLessThan(175 * KB);
  });

  it('loads nothing from other servers', () => {
    const page = readAsset('index.html');
    expect(page.match(/(?:src|href)="([^"]+)"/g)?.every((link) => link.includes('="/app/'))).toBe(true);
    for (const name of Object.keys(compressedSizes('.css'))) expect(readAsset(`assets/${name}`)).not.toMatch(/url\(["']?https?:/);
  });
});
