// Icon sets from npm: finds the SVG of a Unicode sequence in an Iconify package.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

interface IconEntry {
  body?: string;
  parent?: string;
  left?: number;
  top?: number;
  width?: number;
  height?: number;
}

interface IconifyJson {
  icons: Record<string, IconEntry>;
  aliases?: Record<string, IconEntry>;
  left?: number;
  top?: number;
  width?: number;
  height?: number;
}

export interface IconSet {
  readonly packageName: string;
  has(unicodeKey: string): boolean;
  /** A complete SVG document. `color` replaces currentColor. */
  svg(unicodeKey: string, pixels: number, color: string): string;
}

const loaded = new Map<string, IconSet>();

/** Code points in hexadecimal, joined by '-'. Omits the emoji presentation selector, which the sets write differently. */
export function unicodeKeyOf(sequence: string): string {
  return [...sequence]
    .map((character) => character.codePointAt(0)!.toString(16))
    .filter((code) => code !== 'fe0f')
    .join('-');
}

export function loadIconSet(packageName: string): IconSet {
  const known = loaded.get(packageName);
  if (known) return known;
  const set = readIconSet(packageName);
  loaded.set(packageName, set);
  return set;
}

export function readPackageJson<T>(specifier: string): T {
  return JSON.parse(readFileSync(require.resolve(specifier), 'utf8')) as T;
}

function readIconSet(packageName: string): IconSet {
  const json = readPackageJson<IconifyJson>(`${packageName}/icons.json`);
  const characters = readPackageJson<Record<string, string>>(`${packageName}/chars.json`);
  const nameOf = new Map<string, string>();
  for (const [code, name] of Object.entries(characters)) {
    const key = code
      .split('-')
      .filter((part) => part !== 'fe0f')
      .join('-');
    if (iconOf(json, name)) nameOf.set(key, name);
  }
  return {
    packageName,
    has: (key) => nameOf.has(key),
    svg(key, pixels, color) {
      const name = nameOf.get(key);
      const icon = name === undefined ? undefined : iconOf(json, name);
      if (!icon?.body) throw new Error(`${packageName} has no icon for ${key}: pick a subject from listSubjects()`);
      const left = icon.left ?? json.left ?? 0;
      const top = icon.top ?? json.top ?? 0;
      const width = icon.width ?? json.width ?? 16;
      const height = icon.height ?? json.height ?? 16;
      const scale = pixels / Math.max(width, height);
      return (
        `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" color="${color}"` +
        ` viewBox="${left} ${top} ${width} ${height}" width="${Math.round(width * scale)}"` +
        ` height="${Math.round(height * scale)}">${icon.body}</svg>`
      );
    },
  };
}

function iconOf(json: IconifyJson, name: string): IconEntry | undefined {
  const alias = json.aliases?.[name];
  if (!alias) return json.icons[name];
  const parent = alias.parent === undefined ? undefined : iconOf(json, alias.parent);
  return parent && { ...parent, ...alias };
}
