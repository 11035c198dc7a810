// JSON with Python's additions, and foreign files in its place.
import { foreignFile, parsePythonJson } from '@styleforge/model-files';
import { expect, it } from 'vitest';

it('reads bare infinities and NaN as numbers, and keeps the same words in strings', () => {
  const text =
    '\ufeff{"low": -Infinity, "high": Infinity, "none": NaN, "text": "NaN, -Infinity and \\"Infinity\\"", "list": [1, -Infinity]}';
  expect(parsePythonJson(text)).toEqual({
    low: -Infinity,
    high: Infinity,
    none: NaN,
    text: 'NaN, -Infinity and "Infinity"',
    list: [1, -Infinity],
  });
  expect(() => parsePythonJson('{"a": Infinite}')).toThrow(SyntaxError);
  expect(() => parsePythonJson('{"a": NaN')).toThrow(SyntaxError);
});

it('reads them next to a text of many megabytes', () => {
  const long = 'x'.repeat(12_000_000);
  expect(parsePythonJson(`{"text": "${long}\\\\", "none": -Infinity, "quoted": "\\"NaN"}`)).toEqual({
    text: `${long}\\`,
    none: -Infinity,
    quoted: '"NaN',
  });
});

it.each([
  ['version https://git-lfs.github.com/spec/v1\noid sha256:00', /Git LFS pointer/],
  ['\n<!DOCTYPE html><html>', /web page/],
  ['PK\u0003\u0004rest', /zip archive/],
  ['\u0080\u0002}q', /pickle/],
])('recognizes %j', (start, is) => {
  expect(foreignFile(Buffer.from(start, 'latin1'))?.is).toMatch(is);
});

it('recognizes neither a safetensors file nor a config', () => {
  expect(foreignFile(Buffer.from('\u0058\u0000\u0000\u0000\u0000\u0000\u0000\u0000{"a":', 'latin1'))).toBeUndefined();
  expect(foreignFile('{"_class_name": "PNDMScheduler"}')).toBeUndefined();
});
