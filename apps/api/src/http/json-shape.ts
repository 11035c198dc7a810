// Counts the values and levels of a JSON text before it is parsed.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPENING = [0x5b, 0x7b];
const CLOSING = [0x5d, 0x7d];

export type JsonLimits = { levels: number; values: number };

/** The limit that the text exceeds; null if it exceeds neither. The result for a text that is not valid JSON is arbitrary. */
export function limitExceededBy(text: Buffer, { levels, values }: JsonLimits): keyof JsonLimits | null {
  let depth = 0;
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    const byte = text[at]!;
    if (byte === QUOTE) at = endOfString(text, at);
    else if (byte === COMMA) count++;
    else if (OPENING.includes(byte)) {
      depth++;
      count++;
    } else if (CLOSING.includes(byte)) depth--;
    if (depth > levels) return 'levels';
    if (count > values) return 'values';
  }
  return null;
}

/** Index of the closing quote of a string, or the end of the text if it is missing. */
function endOfString(text: Buffer, start: number): number {
  for (let at = text.indexOf(QUOTE, start + 1); at !== -1; at = text.indexOf(QUOTE, at + 1)) {
    let backslashes = 0;
    while (text[at - 1 - backslashes] === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return at;
  }
  return text.length;
}
