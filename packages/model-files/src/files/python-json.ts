// JSON as Python writes it: a byte order mark is passed over, bare NaN and infinities are read as the numbers that they are.
import { outsideStrings } from './json-strings.ts';

const number = /-?\bInfinity\b|\bNaN\b/g;
/** No JSON text can hold this character as it is. */
const MARK = '\u0000';

/** Bare numbers become marked strings; what is in strings stays text. */
function markNumbers(json: string): string {
  const parts: string[] = [];
  let done = 0;
  for (const [start, end] of outsideStrings(json)) {
    parts.push(json.slice(done, start), json.slice(start, end).replace(number, '"\\u0000$&"'));
    done = end;
  }
  return parts.join('') + json.slice(done);
}

/** Throws SyntaxError. */
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
