// The place in a study's request that a field of one of its jobs comes from: the common job, a listed change, or a value of the grid.
import type { CreateStudyRequest } from './studies.ts';

/** Returns a JSON pointer into the request. `index` counts as in listVariations; `field` is a JSON pointer into that variation's job. */
export function sourceOfField({ variations, grid }: CreateStudyRequest, index: number, field: string): string {
  const listed = variations[index];
  if (listed) return touches(listed.changes, field) ? `/variations/${index}/changes${field}` : `/job${field}`;
  let rest = index - variations.length;
  for (const [place, { pointer, values }] of [...grid.entries()].reverse()) {
    const value = rest % values.length;
    rest = Math.floor(rest / values.length);
    if (field === pointer || field.startsWith(`${pointer}/`)) return `/grid/${place}/values/${value}${field.slice(pointer.length)}`;
    if (pointer.startsWith(`${field}/`)) return `/grid/${place}/pointer`;
  }
  return `/job${field}`;
}

/** Whether a merge patch sets the field, or replaces something that contains it. */
function touches(changes: unknown, field: string): boolean {
  const names = field
    .split('/')
    .slice(1)
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
  let part = changes;
  for (const name of names) {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return true;
    if (!Object.hasOwn(part, name)) return false;
    part = (part as Record<string, unknown>)[name];
  }
  return true;
}
