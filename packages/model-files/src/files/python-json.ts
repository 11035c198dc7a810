// JSON as Python writes it: a byte order mark is skipped, and bare NaN and infinities are read as numbers.
import { outsideStrings } from './json-strings.ts';

const number = /-?\bInfinity\b|\bNaN\b/g;
/** Marker: no JSON text may contain this character unescaped. */
const MARK = '\u0000';

/** Replaces bare numbers by marked strings; the contents of strings do not change. */
function markNumbers(json: string): string {
  const parts: string[] = [];
  let done = 0;
  for (const [start, end] of outsideStrings(json)) {
    parts.push(json.slice(done, start), json.slice(start, end).replace(number, '"\\u0000$&"'));
    done = end;
  }
  return parts.join('') + json.slice(done);
}

/** Parses the text. Throws SyntaxError. */
export function parsePythonJson(text: string): unknown {
  const plain = text.replace(/^\ufeff/, '');
  try {
    return JSON.parse(plain);
  } catch (error) {
    const marked = markNumbers(plain);
    if (marked === plain) throw error;
    return JSON.parse(marked, (_key, value: unknown) =>
      typeof value === 'string' && value.startsWith(MARK) ? Number(value.slice(MARK.length)) : value,
    );
  }
}
