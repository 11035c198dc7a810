// Changes many captions at once, and counts their tags.
export interface Captioned {
  id: string;
  caption: string | null;
}

/** New captions by image id; only those that change. */
export type CaptionChanges = Record<string, string | null>;

const LONGEST = 1000;

function changesOf(images: Captioned[], rewrite: (caption: string) => string): CaptionChanges {
  const changed = images.map(({ id, caption }): [string, string | null, string | null] => [
    id,
    caption,
    rewrite(caption ?? '')
      .trim()
      .slice(0, LONGEST) || null,
  ]);
  return Object.fromEntries(changed.filter(([, before, after]) => before !== after).map(([id, , after]) => [id, after]));
}

export interface Replacement {
  find: string;
  replace: string;
  matchCase: boolean;
}

/** Replaces every occurrence of the words; an empty search changes nothing. */
export function replaceIn(images: Captioned[], { find, replace, matchCase }: Replacement): CaptionChanges {
  if (find === '') return {};
  const pattern = new RegExp(find.replaceAll(/[$()*+./?[\\\]^{|}-]/g, String.raw`\$&`), matchCase ? 'g' : 'gi');
  return changesOf(images, (caption) => caption.replaceAll(pattern, () => replace));
}

/** Adds words before and after every caption, separated by spaces. */
export function surround(images: Captioned[], before: string, after: string): CaptionChanges {
  const join = (...parts: string[]) => parts.filter((part) => part !== '').join(' ');
  return changesOf(images, (caption) => join(before.trim(), caption, after.trim()).replaceAll(' ,', ','));
}

/** Counts in how many captions each comma-separated part occurs, the most frequent first. */
export function tagCounts(images: Captioned[]): { tag: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const { caption } of images) {
    const tags = new Set((caption ?? '').split(',').map((tag) => tag.trim().toLowerCase()));
    for (const tag of tags) if (tag !== '') counts.set(tag, (counts.get(tag) ?? 0) + 1);
  }
  return [...counts].map(([tag, count]) => ({ tag, count })).sort((a, b) => b.count - a.count || a.tag.localeCompare(b.tag));
}
