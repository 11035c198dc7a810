// The parts of a JSON text outside strings, for strings of any length: a header may contain an image in one.

/** Start and end of each part, in order. */
export function* outsideStrings(json: string): Generator<readonly [number, number]> {
  let start = 0;
  for (;;) {
    const quote = json.indexOf('"', start);
    if (quote < 0) return yield [start, json.length];
    yield [start, quote];
    start = endOfString(json, quote + 1);
  }
}

/** Index after the closing quotation mark. `at` is the first index after the opening one. */
function endOfString(json: string, at: number): number {
  for (let quote = json.indexOf('"', at); quote >= 0; quote = json.indexOf('"', quote + 1)) {
    let slashes = 0;
    while (json[quote - 1 - slashes] === '\\') slashes += 1;
    if (slashes % 2 === 0) return quote + 1;
  }
  return json.length;
}
