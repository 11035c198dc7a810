// JSON as Python writes it: a byte order mark is passed over, bare NaN and infinities are read as the numbers that they are.

// Strings first, so that words inside them stay text.
const stringOrNumber = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g;
/** No JSON text can hold this character as it is. */
const MARK = '\u0000';

/** Throws SyntaxError. */
export function parsePythonJson(text: string): unknown {
  const plain = text.replace(/^\ufeff/, '');
  try {
    return JSON.parse(plain);
  } catch (error) {
    const marked = plain.replace(stringOrNumber, (match) => (match.startsWith('"') ? match : `"\\u0000${match}"`));
    if (marked === plain) throw error;
    return JSON.parse(marked, (_key, value: unknown) =>
      typeof value === 'string' && value.startsWith(MARK) ? Number(value.slice(MARK.length)) : value,
    );
  }
}
